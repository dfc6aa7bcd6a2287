-- How accounts of some contract ages ($2) stood when they were last measured before a moment ($1): by age and plan,
-- and by age. Of each figure three values in order, enough for its quantile ($3 or $4) with or without one account.
WITH now AS MATERIALIZED (  -- arithmetic in a comparison keeps the index from it, under row security
  SELECT *, today - 8 AS since FROM usage.clock($1)
), tested AS MATERIALIZED (
  SELECT DISTINCT t.account_id
  FROM now AS c
  CROSS JOIN usage.account_told AS t
  CROSS JOIN LATERAL usage.told_of(t.account_id, c.as_of) AS newest
  WHERE t.internal AND newest.internal
), newest AS (
  SELECT DISTINCT ON (s.account_id) s.*
  FROM now AS c
  JOIN usage.standing AS s ON s.measured_on BETWEEN c.since AND c.today AND s.recorded_at <= c.as_of
  WHERE s.account_id NOT IN (SELECT account_id FROM tested)
  ORDER BY s.account_id, s.measured_on DESC
), cell AS (
  SELECT age_band, plan, grouping(plan) = 1 AS is_any, count(*)::int AS accounts,
         array_agg(active::float8 ORDER BY active) AS active,
         array_agg(breadth ORDER BY breadth) FILTER (WHERE breadth IS NOT NULL) AS breadth,
         array_agg(depth ORDER BY depth) FILTER (WHERE depth IS NOT NULL) AS depth
  FROM newest WHERE age_band = ANY ($2::int[])
  GROUP BY GROUPING SETS ((age_band, plan), (age_band))
)
SELECT age_band, plan, is_any, accounts,
       coalesce(cardinality(active), 0) AS actives, usage.around(active, $3::float8) AS active,
       coalesce(cardinality(breadth), 0) AS breadths, usage.around(breadth, $4::float8) AS breadth,
       coalesce(cardinality(depth), 0) AS depths, usage.around(depth, $4::float8) AS depth
FROM cell

-- How accounts of some contract ages stood when they were last measured before a moment: by age and plan, and by age.
WITH newest AS (
  SELECT DISTINCT ON (s.account_id) s.*
  FROM usage.clock($1) AS c
  JOIN usage.standing AS s ON s.measured_on BETWEEN c.today - 8 AND c.today AND s.recorded_at <= c.as_of
  WHERE s.age_band = ANY ($2::int[])
  ORDER BY s.account_id, s.measured_on DESC
)
SELECT age_band, plan, grouping(plan) = 1 AS is_any, count(*) AS accounts,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY active) AS active,
       percentile_cont(0.25) WITHIN GROUP (ORDER BY breadth) AS breadth_q25,
       percentile_cont(0.25) WITHIN GROUP (ORDER BY depth) AS depth_q25
FROM newest
GROUP BY GROUPING SETS ((age_band, plan), (age_band))

-- Of each use case (its key, core action and natural days) every member's days with the core action.
-- Half a year is judged; natural periods may reach further back. And of each account, without a use case: which
-- members were active in 28 days.
WITH cases AS (
  SELECT * FROM unnest($3::text[], $4::text[], $5::int[]) AS c(use_case, feature, natural_days)
), acted AS (
  SELECT c.use_case, c.natural_days, u.account_id, u.member, u.today, u.day, max(u.recorded_at) AS recorded_at
  FROM usage.used($1, $2, $6) AS u JOIN cases AS c ON c.feature = u.feature
  WHERE u.feature = ANY ($4) AND u.member <> '' AND u.day >= u.today - $6::int AND u.day < u.today
  GROUP BY c.use_case, c.natural_days, u.account_id, u.member, u.today, u.day
), spaced AS (
  SELECT *, CASE WHEN day >= today - 180
              THEN day - lag(day) OVER (PARTITION BY use_case, account_id, member, day >= today - 180 ORDER BY day)
            END AS gap
  FROM acted
), active AS (
  SELECT DISTINCT u.account_id, u.member
  FROM usage.used($1, $2, 28) AS u
  WHERE u.qualifies AND u.member <> '' AND u.day >= u.today - 28 AND u.day < u.today
)
SELECT s.use_case, s.account_id, s.member,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY gap) AS every_days,
       max(s.day) AS last_on,
       max(s.day) >= max(s.today) - 180 AS is_judged,
       count(DISTINCT (s.today - 1 - s.day) / s.natural_days)
         FILTER (WHERE s.day >= s.today - 4 * s.natural_days)::int AS periods,
       max(s.recorded_at) AS freshness, NULL::text[] AS active
FROM spaced AS s
GROUP BY s.use_case, s.account_id, s.member
UNION ALL
SELECT NULL, account_id, NULL, NULL, NULL, NULL, NULL, NULL, array_agg(member) FROM active GROUP BY account_id

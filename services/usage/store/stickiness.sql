-- Daily and distinct members of each account over $3 whole days, by calendar days and by business days, known at $2.
WITH clock AS MATERIALIZED (
  SELECT *, (SELECT count(*) FROM generate_series(1, $3::int) AS back WHERE extract(isodow FROM today - back::int) < 6) AS business_day_count
  FROM usage.clock($2)
), person AS (
  SELECT u.account_id, u.member, count(DISTINCT u.day) AS days,
         count(DISTINCT u.day) FILTER (WHERE extract(isodow FROM u.day) < 6) AS business_days, max(u.recorded_at) AS freshness
  FROM usage.used($1::uuid[], $2::timestamptz, $3::int) AS u
  WHERE u.day >= u.today - $3::int AND u.day < u.today AND u.member <> '' AND u.qualifies
  GROUP BY u.account_id, u.member
)
SELECT a.account_id, $3::int AS window_days, c.midnight, (c.today - $3::int)::timestamp AT TIME ZONE c.zone AS since, c.business_day_count,
       coalesce(sum(p.days), 0)::bigint AS days, count(p.member) AS members,
       coalesce(sum(p.business_days), 0)::bigint AS business_days,
       count(p.member) FILTER (WHERE p.business_days > 0) AS business_members, max(p.freshness) AS freshness
FROM (SELECT DISTINCT unnest($1::uuid[]) AS account_id) AS a
CROSS JOIN clock AS c
LEFT JOIN person AS p USING (account_id)
GROUP BY a.account_id, c.today, c.midnight, c.zone, c.business_day_count

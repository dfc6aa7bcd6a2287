-- What members did in 28 whole days: counts from the roll-up, sessions from the events themselves.
WITH rolled AS (
  SELECT account_id, count(DISTINCT member) AS members, sum(events) AS events,
         count(DISTINCT (member, day)) AS member_days, max(recorded_at) AS freshness
  FROM usage.used($1, $2, 28)
  WHERE member <> '' AND day >= today - 28 AND day < today
  GROUP BY account_id
), moments AS (
  SELECT account_id, member,
         occurred_at - lag(occurred_at) OVER (PARTITION BY account_id, member ORDER BY occurred_at) AS idle
  FROM usage.raw_use($1, $3, $4, $2)
  WHERE member <> ''
), spent AS (
  SELECT account_id, count(DISTINCT member) AS members,
         count(*) FILTER (WHERE idle IS NULL OR idle >= interval '30 minutes') AS sessions,
         coalesce(extract(epoch FROM sum(idle) FILTER (WHERE idle < interval '30 minutes')), 0)::float8 AS seconds
  FROM moments GROUP BY account_id
)
SELECT a.account_id, coalesce(r.members, 0) AS members, coalesce(r.events, 0)::bigint AS events,
       coalesce(r.member_days, 0) AS member_days, coalesce(s.members, 0) AS session_members,
       coalesce(s.sessions, 0) AS sessions, coalesce(s.seconds, 0) AS seconds, r.freshness
FROM (SELECT DISTINCT unnest($1::uuid[]) AS account_id) AS a
LEFT JOIN rolled AS r USING (account_id)
LEFT JOIN spent AS s USING (account_id)

-- Sessions of members in [$3, $4), from the events themselves, as known at $2.
WITH moments AS (
  SELECT account_id, member, recorded_at,
         occurred_at - lag(occurred_at) OVER (PARTITION BY account_id, member ORDER BY occurred_at) AS idle
  FROM usage.raw_use($1, $3, $4, $2)
  WHERE member <> ''
), spent AS (
  SELECT account_id, count(DISTINCT member) AS members,
         count(*) FILTER (WHERE idle IS NULL OR idle >= interval '30 minutes') AS sessions,
         coalesce(extract(epoch FROM sum(idle) FILTER (WHERE idle < interval '30 minutes')), 0)::float8 AS seconds,
         max(recorded_at) AS freshness
  FROM moments GROUP BY account_id
)
SELECT a.account_id, coalesce(s.members, 0) AS members, coalesce(s.sessions, 0) AS sessions,
       coalesce(s.seconds, 0) AS seconds, s.freshness
FROM (SELECT DISTINCT unnest($1::uuid[]) AS account_id) AS a
LEFT JOIN spent AS s USING (account_id)

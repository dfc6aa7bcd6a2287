-- Events 28 days before and after the days ($4) on which accounts ($2) reached milestones ($3), known at $1.
WITH now AS MATERIALIZED (
  SELECT * FROM usage.clock($1)
), named AS MATERIALIZED (
  SELECT * FROM usage.names_at($2, $1)
), done AS (
  SELECT * FROM unnest($2::uuid[], $3::text[], $4::date[]) AS d(account_id, key, reached_on)
), seen AS (
  SELECT d.account_id, d.key, d.reached_on, u.day, u.member, u.events, u.recorded_at
  FROM done AS d
  CROSS JOIN now AS c
  CROSS JOIN LATERAL (
    SELECT u.day, u.member, u.events, u.recorded_at
    FROM usage.daily AS u
    WHERE u.account_id = d.account_id AND u.day >= d.reached_on - 28 AND u.day <= d.reached_on + 28
      AND u.day < c.today AND u.known_on < c.today
    OFFSET 0  -- account by account from the index: the planner would rather read the days of all
  ) AS u
  UNION ALL
  SELECT d.account_id, d.key, d.reached_on, e.day, e.member, 1, e.recorded_at
  FROM done AS d
  CROSS JOIN now AS c
  CROSS JOIN LATERAL (
    SELECT e.day, coalesce(e.member, '') AS member, e.recorded_at
    FROM usage.event AS e
    -- three hours earlier: clocks may be put back at midnight, and run five minutes ahead
    WHERE e.account_id = d.account_id AND e.recorded_at >= c.midnight - interval '3 hours'
      AND e.recorded_at <= c.as_of AND e.occurred_at < c.as_of
      AND e.day >= d.reached_on - 28 AND e.day <= d.reached_on + 28
      AND (e.day >= c.today OR (e.recorded_at AT TIME ZONE c.zone)::date >= c.today)
    OFFSET 0
  ) AS e
)
SELECT s.account_id, s.key,
       coalesce(sum(s.events) FILTER (WHERE s.day < s.reached_on), 0)::bigint AS before,
       coalesce(sum(s.events) FILTER (WHERE s.day > s.reached_on), 0)::bigint AS after,
       least(min(s.day),
             (SELECT min(f.day) FROM usage.first_use AS f, now AS c
              WHERE f.account_id = s.account_id AND f.known_on < c.today)) AS first_on,
       max(s.recorded_at) AS freshness
FROM seen AS s
LEFT JOIN named AS n ON n.account_id = s.account_id AND n.name = s.member
WHERE n.internal IS NOT TRUE
GROUP BY s.account_id, s.key

-- Events 28 days before and after the days ($4) on which accounts ($2) reached milestones ($3), known at $1.
WITH now AS MATERIALIZED (
  SELECT * FROM usage.clock($1)
), account AS MATERIALIZED (
  SELECT a.account_id, s.names AS strangers, f.day AS first_on
  FROM (SELECT DISTINCT unnest($2::uuid[])) AS a(account_id)
  CROSS JOIN now AS c
  CROSS JOIN LATERAL (
    SELECT ARRAY(SELECT n.name FROM usage.names_of(a.account_id, c.as_of) AS n WHERE n.internal) AS names
  ) AS s
  LEFT JOIN LATERAL (
    SELECT d.day FROM usage.daily AS d
    WHERE d.account_id = a.account_id AND d.day < c.today AND d.known_on < c.today AND d.member <> ALL (s.names)
    ORDER BY d.day LIMIT 1
  ) AS f ON true
)
SELECT d.account_id, d.key, coalesce(u.before, 0)::bigint AS before, coalesce(u.after, 0)::bigint AS after,
       least(a.first_on, u.first_on) AS first_on, u.freshness
FROM unnest($2::uuid[], $3::text[], $4::date[]) AS d(account_id, key, reached_on)
JOIN account AS a USING (account_id)
CROSS JOIN now AS c
CROSS JOIN LATERAL (
  -- account by account from the index: the planner would rather read the days of all
  SELECT sum(each.events) FILTER (WHERE each.day < d.reached_on) AS before,
         sum(each.events) FILTER (WHERE each.day > d.reached_on) AS after,
         min(each.day) AS first_on, max(each.recorded_at) AS freshness
  FROM (
    SELECT u.day, u.events, u.recorded_at
    FROM usage.daily AS u
    WHERE u.account_id = d.account_id AND u.day >= d.reached_on - 28 AND u.day <= d.reached_on + 28
      AND u.day < c.today AND u.known_on < c.today AND u.member <> ALL (a.strangers)
    UNION ALL
    SELECT e.day, 1, e.recorded_at
    FROM usage.event AS e
    -- three hours earlier: clocks may be put back at midnight, and run five minutes ahead
    WHERE e.account_id = d.account_id AND e.recorded_at >= c.midnight - interval '3 hours'
      AND e.recorded_at <= c.as_of AND e.occurred_at < c.as_of
      AND e.day >= d.reached_on - 28 AND e.day <= d.reached_on + 28
      AND (e.day >= c.today OR (e.recorded_at AT TIME ZONE c.zone)::date >= c.today)
      AND coalesce(e.member, '') <> ALL (a.strangers)
  ) AS each
) AS u
WHERE coalesce(a.first_on, u.first_on) IS NOT NULL

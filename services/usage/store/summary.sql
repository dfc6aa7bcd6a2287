-- Use of each account at a moment ($2; null: now, from the roll-ups alone); a row for every account asked for.
-- A past moment takes whole days from the roll-ups and what was recorded on its own day from the events.
WITH clock AS MATERIALIZED (
  SELECT * FROM usage.clock($2)
), asked AS (
  SELECT DISTINCT account_id FROM unnest($1::uuid[]) AS account_id
), used AS MATERIALIZED (
  SELECT * FROM usage.used($1::uuid[], $2::timestamptz, 28)
), days AS MATERIALIZED (
  SELECT account_id, today, day, sum(events) AS events, max(last_at) AS last_at, max(recorded_at) AS recorded_at
  FROM usage.known_days($1::uuid[], array_fill($2::timestamptz, ARRAY[cardinality($1::uuid[])]), false, 210)
  GROUP BY account_id, today, day
), month AS (
  SELECT account_id, sum(events) AS events, count(DISTINCT feature) AS features
  FROM used WHERE day > last_day - 28 GROUP BY account_id
), totals AS (
  SELECT account_id, min(day) AS first_day, max(last_at) AS last_at, max(recorded_at) AS freshness
  FROM days GROUP BY account_id
), person AS (
  SELECT account_id, member,
         count(DISTINCT (last_day - day) / 7) FILTER (WHERE day > last_day - 28) AS weeks,
         count(DISTINCT day) FILTER (WHERE day < today) AS whole_days
  FROM used WHERE day >= today - 28 AND member <> '' AND qualifies GROUP BY account_id, member
), people AS (
  SELECT account_id,
         count(*) FILTER (WHERE weeks > 0) AS active,
         count(*) FILTER (WHERE weeks = 4) AS regular,
         count(*) FILTER (WHERE whole_days > 0) AS monthly,
         sum(whole_days) AS member_days
  FROM person GROUP BY account_id
), known AS (
  -- the account's users: its members as accounts tells them, and whoever else came
  SELECT m.account_id, m.member_id::text AS member
  FROM usage.members_at($1::uuid[], $2::timestamptz) AS m
  JOIN usage.customers($1::uuid[], $2::timestamptz) AS k(account_id) USING (account_id)
  CROSS JOIN clock AS c
  WHERE NOT m.internal AND m.started_at <= c.as_of AND (m.ended_at IS NULL OR m.ended_at > c.as_of)
  UNION
  SELECT account_id, member FROM person WHERE weeks > 0
), users AS (
  SELECT account_id, count(*) AS users FROM known GROUP BY account_id
), ends AS (
  SELECT a.account_id, (c.today - least(e.first_day, t.first_day)) / 7 AS weeks, greatest(e.last_at, t.last_at) AS last_at
  FROM asked AS a
  CROSS JOIN clock AS c
  LEFT JOIN totals AS t USING (account_id)
  LEFT JOIN usage.known_ends($1::uuid[], array_fill($2::timestamptz, ARRAY[cardinality($1::uuid[])]), false) AS e
    USING (account_id)
), weekly AS (
  SELECT account_id,
         array_agg(coalesce(w.events, 0)::bigint ORDER BY week DESC) AS events,
         array_agg((c.today - 7 * (week + 1))::timestamp AT TIME ZONE c.zone ORDER BY week DESC) AS starts
  FROM ends
  CROSS JOIN clock AS c
  CROSS JOIN LATERAL generate_series(0, least(weeks, 30) - 1) AS week
  LEFT JOIN (
    SELECT account_id, (today - 1 - day) / 7 AS week, sum(events) AS events
    FROM days WHERE day < today GROUP BY 1, 2
  ) AS w USING (account_id, week)
  WHERE weeks > 0  -- null for an account never seen, and least() passes over nulls
  GROUP BY account_id
)
SELECT a.account_id, c.as_of, c.midnight,
       (c.last_day - 27)::timestamp AT TIME ZONE c.zone AS since_28,
       (c.today - 28)::timestamp AT TIME ZONE c.zone AS whole_since_28,
       (c.today - 7 * least(coalesce(e.weeks, 0), 30))::timestamp AT TIME ZONE c.zone AS weeks_since,
       coalesce(m.events, 0)::bigint AS events,
       coalesce(m.features, 0) AS features,
       coalesce(p.active, 0) AS active,
       coalesce(p.regular, 0) AS regular,
       coalesce(s.users, 0) AS users,
       coalesce(p.monthly, 0) AS monthly,
       coalesce(p.member_days, 0)::bigint AS member_days,
       coalesce(w.events, '{}') AS weekly,
       coalesce(w.starts, '{}') AS week_starts,
       e.last_at AS last_event_at,
       t.freshness
FROM asked AS a
CROSS JOIN clock AS c
LEFT JOIN totals AS t USING (account_id)
LEFT JOIN month AS m USING (account_id)
LEFT JOIN people AS p USING (account_id)
LEFT JOIN users AS s USING (account_id)
LEFT JOIN ends AS e USING (account_id)
LEFT JOIN weekly AS w USING (account_id)

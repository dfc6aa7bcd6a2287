-- What use tells the model about an account at a landmark; one row per landmark, in order.
-- Only rows recorded and occurred before it; whose use counts, and what is known when, says `known_use`.
WITH landmark AS MATERIALIZED (
  SELECT l.number, l.account_id, l.as_of AS asked_at, c.today
  FROM unnest($1::uuid[], $2::timestamptz[]) WITH ORDINALITY AS l(account_id, as_of, number)
  CROSS JOIN LATERAL usage.clock(l.as_of) AS c
), used AS MATERIALIZED (
  SELECT * FROM usage.known_use($1::uuid[], $2::timestamptz[], true, 84)
), recent AS (
  SELECT number,
         sum(events) FILTER (WHERE day > last_day - 28) AS events_28d,
         sum(events) FILTER (WHERE day <= last_day - 28 AND day > last_day - 56) AS events_prev_28d,
         count(DISTINCT member) FILTER (WHERE day > last_day - 28 AND member <> '') AS active_members_28d,
         count(DISTINCT day) FILTER (WHERE day > last_day - 28) AS active_days_28d,
         count(DISTINCT feature) FILTER (WHERE day > last_day - 28) AS features_used_28d,
         min(day) AS first_day,
         max(last_at) AS last_at
  FROM used GROUP BY number
), ends AS (
  SELECT l.number, (l.today - least(e.first_day, r.first_day)) / 7 AS whole_weeks, greatest(e.last_at, r.last_at) AS last_at
  FROM landmark AS l
  LEFT JOIN recent AS r USING (number)
  LEFT JOIN usage.known_ends($1::uuid[], $2::timestamptz[], true) AS e USING (number)
), trend AS (
  -- least squares over the weeks 0 … n-1 back from the landmark's midnight; weeks without events add nothing
  SELECT number, sum(((n - 1) / 2.0 - week) * ln(1 + events) ORDER BY week) / (n * (n * n - 1) / 12.0) AS slope
  FROM (
    SELECT number, n, (today - 1 - day) / 7 AS week, sum(events)::float8 AS events
    FROM used JOIN (SELECT number, least(whole_weeks, 12)::float8 AS n FROM ends WHERE whole_weeks >= 8) AS long
      USING (number)
    WHERE day < today
    GROUP BY 1, 2, 3
  ) AS weekly
  WHERE week < n
  GROUP BY number, n
)
SELECT coalesce(r.events_28d, 0)::float8 AS events_28d,
       coalesce(r.events_prev_28d, 0)::float8 AS events_prev_28d,
       coalesce(r.active_members_28d, 0)::float8 AS active_members_28d,
       coalesce(r.active_days_28d, 0)::float8 AS active_days_28d,
       coalesce(r.features_used_28d, 0)::float8 AS features_used_28d,
       extract(epoch FROM l.asked_at - e.last_at)::float8 / 604800 AS weeks_since_last_event,
       CASE WHEN e.whole_weeks >= 8 THEN coalesce(t.slope, 0) END::float8 AS events_trend_12w
FROM landmark AS l
LEFT JOIN recent AS r USING (number)
LEFT JOIN ends AS e USING (number)
LEFT JOIN trend AS t USING (number)
ORDER BY l.number

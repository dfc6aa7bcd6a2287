-- What use tells the model about an account at a landmark; one row per landmark, in order.
-- Only rows recorded and occurred before it. Whole days come from the roll-ups; what was recorded on the landmark's
-- own day comes from the events, so that the answer is exact to the microsecond.
WITH landmark AS MATERIALIZED (
  SELECT l.number, l.account_id, l.as_of, z.name AS zone, d.today, d.last_day,
         d.today::timestamp AT TIME ZONE z.name AS midnight
  FROM unnest($1::uuid[], $2::timestamptz[]) WITH ORDINALITY AS l(account_id, as_of, number)
  CROSS JOIN (SELECT coalesce((SELECT time_zone FROM usage.calendar), 'UTC') AS name) AS z
  CROSS JOIN LATERAL (
    SELECT (l.as_of AT TIME ZONE z.name)::date AS today,
           ((l.as_of - interval '1 microsecond') AT TIME ZONE z.name)::date AS last_day
  ) AS d
), used AS MATERIALIZED (
  SELECT l.number, l.today, l.last_day, u.day, u.member, u.feature, u.events, u.last_at
  FROM landmark AS l
  CROSS JOIN LATERAL (
    SELECT d.day, d.member, d.feature, d.events, d.last_at
    FROM usage.daily AS d
    WHERE d.account_id = l.account_id AND d.day >= l.today - 84 AND d.day < l.today AND d.known_on < l.today
    UNION ALL
    SELECT e.day, coalesce(e.member, ''), e.feature, 1, e.occurred_at
    FROM usage.event AS e
    WHERE e.account_id = l.account_id
      -- three hours earlier: clocks may be put back at midnight, and run five minutes ahead
      AND e.recorded_at >= l.midnight - interval '3 hours' AND e.recorded_at < l.as_of AND e.occurred_at < l.as_of
      AND (e.day >= l.today OR (e.recorded_at AT TIME ZONE l.zone)::date >= l.today)
  ) AS u
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
  SELECT l.number, (l.today - least(first.day, r.first_day)) / 7 AS whole_weeks, greatest(last.last_at, r.last_at) AS last_at
  FROM landmark AS l
  LEFT JOIN recent AS r USING (number)
  LEFT JOIN LATERAL (
    SELECT d.day FROM usage.daily AS d
    WHERE d.account_id = l.account_id AND d.day < l.today AND d.known_on < l.today ORDER BY d.day LIMIT 1
  ) AS first ON true
  LEFT JOIN LATERAL (
    SELECT d.day, d.last_at FROM usage.daily AS d
    WHERE d.account_id = l.account_id AND d.day < l.today AND d.known_on < l.today
    ORDER BY d.day DESC, d.last_at DESC LIMIT 1
  ) AS last ON true
), trend AS (
  -- least squares over the weeks 0 … n-1 back from the landmark's midnight; weeks without events add nothing
  SELECT number, sum(((n - 1) / 2.0 - week) * ln(1 + events)) / (n * (n * n - 1) / 12.0) AS slope
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
       extract(epoch FROM l.as_of - e.last_at)::float8 / 604800 AS weeks_since_last_event,
       CASE WHEN e.whole_weeks >= 8 THEN coalesce(t.slope, 0) END::float8 AS events_trend_12w
FROM landmark AS l
LEFT JOIN recent AS r USING (number)
LEFT JOIN ends AS e USING (number)
LEFT JOIN trend AS t USING (number)
ORDER BY l.number

-- What use tells the model about an account at a landmark; one row per landmark, in order.
-- Only rows recorded and occurred before it; whose use counts, and what is known when, says `known_use`.
-- Of accounts older than what is on record of them, use from before `blind_before` is not known: counts over windows that
-- reach back behind it are null, rates by time leave that time out.
-- $3, null for everything: only the people of one half, 0 or 1, by the last digit of their id's MD5, and their use.
WITH landmark AS MATERIALIZED (
  SELECT l.number, l.account_id, l.as_of AS asked_at, c.today, CASE WHEN $3::int IS NULL THEN 10 ELSE 5 END AS enough
  FROM unnest($1::uuid[], $2::timestamptz[]) WITH ORDINALITY AS l(account_id, as_of, number)
  CROSS JOIN LATERAL usage.clock(l.as_of) AS c
), used AS MATERIALIZED (
  SELECT * FROM usage.known_use($1::uuid[], $2::timestamptz[], true, 84)
  WHERE $3::int IS NULL OR ascii(right(md5(member), 1)) % 2 = $3
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
  SELECT l.number, least(e.first_day, r.first_day) AS first_day,
         (l.today - least(e.first_day, r.first_day)) / 7 AS whole_weeks, greatest(e.last_at, r.last_at) AS last_at
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
), mark AS MATERIALIZED (
  SELECT m.number, m.account_id, m.known, m.today, m.zone,
         CASE WHEN $3::int IS NOT NULL THEN ARRAY(
             SELECT n.name FROM usage.names_of(m.account_id, m.known) AS n
             WHERE n.internal OR ascii(right(md5(n.member), 1)) % 2 <> $3)
           WHEN EXISTS (SELECT FROM usage.member AS v WHERE v.account_id = m.account_id AND v.internal)
           THEN ARRAY(SELECT n.name FROM usage.names_of(m.account_id, m.known) AS n WHERE n.internal) ELSE '{}' END AS strangers,
         CASE WHEN $3::int IS NOT NULL THEN ARRAY(SELECT n.name FROM usage.names_of(m.account_id, m.known) AS n) END AS named
  FROM usage.marks($1::uuid[], $2::timestamptz[], true) AS m
), tier AS MATERIALIZED (
  SELECT k.known, f.key, CASE f.tier WHEN 'basic' THEN 0 WHEN 'intermediate' THEN 1 ELSE 2 END AS depth
  FROM (SELECT DISTINCT known FROM mark) AS k CROSS JOIN LATERAL usage.described_at(k.known) AS f
), long AS (
  -- slow traits need long windows: whole days before the landmark's own, straight from the roll-ups
  SELECT number, sum(events) AS events_364d, sum(late) AS events_91d,
         sum(quantity) / nullif(sum(events), 0) AS quantity_364d, sum(late_quantity) / nullif(sum(late), 0) AS quantity_91d,
         sum(newest) AS events_28d, sum(newest_quantity) AS quantity_28d,
         sum(events * depth) / nullif(sum(events) FILTER (WHERE depth IS NOT NULL), 0) AS depth_364d,
         sum(late * depth) / nullif(sum(late) FILTER (WHERE depth IS NOT NULL), 0) AS depth_91d
  FROM (
    SELECT m.number, m.known, d.*
    FROM mark AS m CROSS JOIN LATERAL (
      SELECT d.feature, sum(d.events)::float8 AS events, sum(d.quantity)::float8 AS quantity,
             coalesce(sum(d.events) FILTER (WHERE d.day >= m.today - 91), 0)::float8 AS late,
             coalesce(sum(d.quantity) FILTER (WHERE d.day >= m.today - 91), 0)::float8 AS late_quantity,
             coalesce(sum(d.events) FILTER (WHERE d.day >= m.today - 28), 0)::float8 AS newest,
             coalesce(sum(d.quantity) FILTER (WHERE d.day >= m.today - 28), 0)::float8 AS newest_quantity
      FROM usage.daily AS d
      WHERE d.account_id = m.account_id AND d.day >= m.today - 364 AND d.day < m.today AND d.known_on < m.today
        AND d.member <> ALL (m.strangers)
        AND ($3::int IS NULL OR d.member = ANY (m.named) OR ascii(right(md5(d.member), 1)) % 2 = $3)
      GROUP BY d.feature
    ) AS d
  ) AS each LEFT JOIN tier AS t ON t.known = each.known AND t.key = each.feature
  GROUP BY number
), people AS (
  -- weeks that members had a seat: use per week of these does not grow with the customer
  SELECT m.number, cardinality(p.members) AS members, p.here, p.weeks_364d, p.weeks_91d, p.blind_before, c.completions
  FROM mark AS m JOIN ends AS e USING (number) CROSS JOIN LATERAL (
    SELECT array_agg(member_id) AS members, count(*) FILTER (WHERE ended >= m.today) AS here,
           sum(greatest(least(ended, m.today) - greatest(started, m.today - 364, told), 0)) / 7.0 AS weeks_364d,
           sum(greatest(least(ended, m.today) - greatest(started, m.today - 91, told), 0)) / 7.0 AS weeks_91d,
           CASE WHEN min(started) < min(told) - 7 THEN min(told) END AS blind_before
    FROM (
      SELECT DISTINCT ON (v.member_id) v.member_id, v.internal, (v.started_at AT TIME ZONE m.zone)::date AS started,
             coalesce((v.ended_at AT TIME ZONE m.zone)::date, 'infinity') AS ended,
             least((min(v.recorded_at) OVER () AT TIME ZONE m.zone)::date, e.first_day) AS told
      FROM usage.member AS v WHERE v.account_id = m.account_id AND v.recorded_at <= m.known
      ORDER BY v.member_id, v.recorded_at DESC
    ) AS newest
    WHERE NOT internal AND started < m.today
      AND ($3::int IS NULL OR ascii(right(md5(member_id::text), 1)) % 2 = $3)
  ) AS p CROSS JOIN LATERAL (
    SELECT count(*)::float8 AS completions FROM usage.completion AS c
    WHERE c.account_id = m.account_id AND c.member_id = ANY (p.members)
      AND c.recorded_at <= m.known AND c.completed_at <= m.known
  ) AS c
), onboarding AS (
  SELECT m.number, o.features
  FROM mark AS m CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE day < first_day + 90) AS features
    FROM (
      SELECT min(f.day) AS day, min(min(f.day)) OVER () AS first_day FROM usage.first_use AS f
      WHERE f.account_id = m.account_id AND f.day < m.today AND f.known_on < m.today AND f.member <> ALL (m.strangers)
        AND ($3::int IS NULL OR f.member = ANY (m.named) OR ascii(right(md5(f.member), 1)) % 2 = $3)
      GROUP BY f.feature
    ) AS each
  ) AS o
)
SELECT CASE WHEN p.blind_before > l.today - 28 THEN NULL ELSE coalesce(r.events_28d, 0) END::float8 AS events_28d,
       CASE WHEN p.blind_before > l.today - 56 THEN NULL ELSE coalesce(r.events_prev_28d, 0) END::float8 AS events_prev_28d,
       CASE WHEN p.blind_before > l.today - 28 THEN NULL ELSE coalesce(r.active_members_28d, 0) END::float8 AS active_members_28d,
       CASE WHEN p.blind_before > l.today - 28 THEN NULL ELSE coalesce(r.active_members_28d, 0) / nullif(p.here, 0)::float8 END AS active_per_member_28d,
       CASE WHEN p.blind_before > l.today - 28 THEN NULL ELSE coalesce(r.active_days_28d, 0) END::float8 AS active_days_28d,
       CASE WHEN p.blind_before > l.today - 28 THEN NULL ELSE coalesce(r.features_used_28d, 0) END::float8 AS features_used_28d,
       extract(epoch FROM l.asked_at - e.last_at)::float8 / 604800 AS weeks_since_last_event,
       CASE WHEN e.whole_weeks >= 8 THEN coalesce(t.slope, 0) END::float8 AS events_trend_12w,
       (coalesce(g.events_91d, 0) / nullif(p.weeks_91d, 0))::float8 AS events_per_member_week_91d,
       (coalesce(g.events_364d, 0) / nullif(p.weeks_364d, 0))::float8 AS events_per_member_week_364d,
       CASE WHEN g.events_364d >= l.enough
         THEN (g.quantity_28d + g.quantity_364d) / (g.events_28d + 1) END AS quantity_per_event_28d,
       CASE WHEN g.events_91d >= l.enough THEN g.quantity_91d END AS quantity_per_event_91d,
       CASE WHEN g.events_364d >= l.enough THEN g.quantity_364d END AS quantity_per_event_364d,
       CASE WHEN g.events_91d >= l.enough THEN g.depth_91d END AS depth_91d,
       CASE WHEN g.events_364d >= l.enough THEN g.depth_364d END AS depth_364d,
       p.completions / p.members AS completions_per_member,
       CASE WHEN p.blind_before IS NULL THEN coalesce(o.features, 0) END::float8 AS onboarding_features_90d
FROM landmark AS l
LEFT JOIN recent AS r USING (number)
LEFT JOIN ends AS e USING (number)
LEFT JOIN trend AS t USING (number)
LEFT JOIN long AS g USING (number)
LEFT JOIN people AS p USING (number)
LEFT JOIN onboarding AS o USING (number)
ORDER BY l.number

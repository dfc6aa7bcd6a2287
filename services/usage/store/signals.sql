-- What the signals of adoption are made of, one row per account asked for, as known at a moment ($2; null: now).
WITH clock AS MATERIALIZED (
  SELECT * FROM usage.clock($2)
), asked AS (
  -- of a test account nothing is said at all: neither use nor seats nor people
  SELECT account_id FROM usage.customers($1::uuid[], $2::timestamptz) AS account_id
), described AS MATERIALIZED (
  SELECT * FROM usage.described_at($2)
), used AS MATERIALIZED (
  SELECT u.*, u.day > u.last_day - 28 AS is_month, u.day >= u.today - 28 AND u.day < u.today AS is_whole_month,
         extract(isodow FROM u.day) < 6 AS is_business_day
  FROM usage.used($1::uuid[], $2::timestamptz, 28) AS u
), contract AS (
  SELECT DISTINCT ON (p.account_id, p.contract_id) p.*
  FROM usage.purchased AS p CROSS JOIN clock AS c
  WHERE p.account_id = ANY ($1::uuid[]) AND p.recorded_at <= c.as_of
  ORDER BY p.account_id, p.contract_id, p.recorded_at DESC
), bought AS (
  -- of the contracts that began, the newest speaks; when it has ended, nothing is purchased
  SELECT DISTINCT ON (account_id) account_id, CASE WHEN end_on > c.last_day OR end_on IS NULL THEN seats END AS seats,
         min(start_on) OVER (PARTITION BY account_id) AS since
  FROM contract CROSS JOIN clock AS c WHERE start_on <= c.last_day
  ORDER BY account_id, start_on DESC, contract_id
), line AS (
  SELECT DISTINCT ON (p.account_id, p.line_id) p.*
  FROM usage.plan_line AS p CROSS JOIN clock AS c
  WHERE p.account_id = ANY ($1::uuid[]) AND p.recorded_at <= c.as_of
  ORDER BY p.account_id, p.line_id, p.recorded_at DESC
), planned AS (
  -- once billing has told of lines it speaks, and where none runs any more, nothing is purchased
  SELECT DISTINCT ON (account_id) account_id, CASE WHEN runs THEN plan END AS plan, CASE WHEN runs THEN quantity ELSE 0 END AS quantity
  FROM line CROSS JOIN clock AS c
  CROSS JOIN LATERAL (SELECT ended_at IS NULL OR ended_at > c.as_of AS runs) AS state
  WHERE started_at <= c.as_of
  ORDER BY account_id, runs DESC, quantity DESC, started_at DESC, line_id
), intended AS (
  SELECT DISTINCT ON (t.account_id) t.account_id, t.intended_users
  FROM usage.account_told AS t CROSS JOIN clock AS c
  WHERE t.account_id = ANY ($1::uuid[]) AND t.recorded_at <= c.as_of
  ORDER BY t.account_id, t.recorded_at DESC
), account AS MATERIALIZED (
  SELECT a.account_id, coalesce(p.quantity, b.seats) AS seats, b.since, p.plan, i.intended_users,
         extract(year FROM age(c.last_day, b.since))::int * 12 + extract(month FROM age(c.last_day, b.since))::int AS age_months
  FROM asked AS a CROSS JOIN clock AS c
  LEFT JOIN bought AS b USING (account_id) LEFT JOIN planned AS p USING (account_id) LEFT JOIN intended AS i USING (account_id)
), entitled AS MATERIALIZED (
  SELECT a.account_id, f.key, f.title, f.tier, f.core,
         a.plan IS NULL OR f.plans = '{}' OR a.plan = ANY (f.plans) AS has
  FROM account AS a CROSS JOIN described AS f
), use AS MATERIALIZED (
  SELECT account_id, member, feature, sum(events)::bigint AS events, bool_or(qualifies) AS qualifies, count(DISTINCT day) AS days
  FROM used WHERE is_month GROUP BY account_id, member, feature
), person AS MATERIALIZED (
  SELECT account_id, member, sum(events) FILTER (WHERE is_month) AS events,
         count(DISTINCT day) FILTER (WHERE is_month AND qualifies) AS days,
         count(DISTINCT (last_day - day) / 7) FILTER (WHERE is_month AND qualifies) AS weeks,
         count(DISTINCT day) FILTER (WHERE is_whole_month AND qualifies) AS whole_days,
         count(DISTINCT day) FILTER (WHERE is_whole_month AND qualifies AND is_business_day) AS business_days
  FROM used WHERE member <> '' GROUP BY account_id, member
), member AS MATERIALIZED (
  SELECT m.* FROM usage.members_at($1::uuid[], $2::timestamptz) AS m JOIN asked USING (account_id) CROSS JOIN clock AS c
  WHERE NOT m.internal AND m.started_at <= c.as_of AND (m.ended_at IS NULL OR m.ended_at > c.as_of)
), named AS MATERIALIZED (
  -- one key: with two the planner would merge on the account alone
  SELECT n.account_id::text || n.name AS key, n.member FROM usage.names_at($1::uuid[], $2::timestamptz) AS n
), firsts AS MATERIALIZED (
  SELECT f.account_id, coalesce(n.member, f.member) AS member, f.feature, min(f.day) AS day
  FROM usage.first_use AS f CROSS JOIN clock AS c
  LEFT JOIN named AS n ON n.key = f.account_id::text || f.member
  WHERE f.account_id = ANY ($1::uuid[]) AND f.member <> ''
    AND ($2::timestamptz IS NULL OR (f.day < c.today AND f.known_on < c.today))
  GROUP BY 1, 2, 3
), began AS (
  SELECT account_id, member, min(day) AS day FROM firsts GROUP BY account_id, member
), persona AS MATERIALIZED (
  -- for whom the product is meant, as the use cases in force say
  SELECT DISTINCT persona
  FROM (
    SELECT DISTINCT ON (u.key) u.persona, u.retired FROM usage.use_case AS u CROSS JOIN clock AS c
    WHERE u.recorded_at <= c.as_of ORDER BY u.key, u.recorded_at DESC
  ) AS newest
  WHERE NOT retired AND persona IS NOT NULL
), assigned AS (
  SELECT m.account_id, count(*) AS members,
         count(*) FILTER (WHERE p.days > 0) AS active,
         count(*) FILTER (WHERE p.events > 0 OR b.day IS NOT NULL) AS activated,
         count(*) FILTER (WHERE trained.done) AS trained,
         count(*) FILTER (WHERE trained.done AND p.days > 0) AS trained_active,
         count(DISTINCT m.role) AS personas,
         count(DISTINCT m.role) FILTER (WHERE p.days > 0) AS active_personas,
         count(DISTINCT m.role) FILTER (WHERE p.days > 0 AND m.role IN (SELECT persona FROM persona)) AS active_intended
  FROM member AS m CROSS JOIN clock AS c
  LEFT JOIN person AS p ON p.account_id = m.account_id AND p.member = m.member_id::text
  LEFT JOIN began AS b ON b.account_id = m.account_id AND b.member = m.member_id::text
  CROSS JOIN LATERAL (SELECT EXISTS (
    SELECT FROM usage.completion AS t
    WHERE t.account_id = m.account_id AND t.member_id = m.member_id AND t.required AND t.completed_at < c.as_of AND t.recorded_at <= c.as_of
  ) AS done) AS trained
  GROUP BY m.account_id
), active AS (
  SELECT p.account_id, count(*) FILTER (WHERE p.days > 0) AS active, count(*) FILTER (WHERE p.weeks = 4) AS regular, sum(p.days) AS login_days,
         sum(p.whole_days) AS whole_days, count(*) FILTER (WHERE p.whole_days > 0) AS monthly,
         sum(p.business_days) AS business_days, count(*) FILTER (WHERE p.business_days > 0) AS business_monthly,
         max(p.events) AS top_events, sum(p.events) AS member_events, sum(p.events * p.events) AS squares,
         count(*) FILTER (WHERE old.settled AND p.days > 0) AS settled,
         sum(p.events) FILTER (WHERE old.settled AND p.days > 0) AS settled_events,
         sum(p.days) FILTER (WHERE old.settled AND p.days > 0) AS settled_days
  FROM person AS p CROSS JOIN clock AS c
  LEFT JOIN member AS m ON m.account_id = p.account_id AND m.member_id::text = p.member
  LEFT JOIN began AS b ON b.account_id = p.account_id AND b.member = p.member
  CROSS JOIN LATERAL (
    SELECT coalesce(m.started_at <= c.as_of - interval '90 days', b.day <= c.last_day - 90, false) AS settled
  ) AS old
  WHERE p.days > 0 OR p.whole_days > 0
  GROUP BY p.account_id
), month AS (
  SELECT u.account_id, count(*) FILTER (WHERE u.is_month) AS rows, sum(u.events) FILTER (WHERE u.is_month)::bigint AS events,
         sum(u.events) FILTER (WHERE u.is_month AND f.sticky)::bigint AS sticky_events, max(u.recorded_at) AS freshness
  FROM used AS u LEFT JOIN described AS f ON f.key = u.feature
  GROUP BY u.account_id
), reached AS (
  -- by member and feature, and by account: what is new, core, and how high
  SELECT u.account_id,
         count(*) FILTER (WHERE u.member <> '' AND u.qualifies AND b.day > c.last_day - 28 IS NOT FALSE) AS new_features,
         count(*) FILTER (WHERE u.member <> '' AND f.core AND f.has
           AND EXISTS (SELECT FROM person AS p WHERE p.account_id = u.account_id AND p.member = u.member AND p.days > 0)
         ) AS core_uses
  FROM use AS u CROSS JOIN clock AS c
  LEFT JOIN entitled AS f ON f.account_id = u.account_id AND f.key = u.feature
  LEFT JOIN firsts AS b ON b.account_id = u.account_id AND b.member = u.member AND b.feature = u.feature
  GROUP BY u.account_id
), feature_use AS (
  -- who adopted a feature is one of the active members, whom the share is of
  SELECT u.account_id, u.feature, sum(u.events) AS events, count(*) FILTER (WHERE u.events >= 3 AND p.days > 0) AS adopters
  FROM use AS u LEFT JOIN person AS p ON p.account_id = u.account_id AND p.member = u.member
  GROUP BY u.account_id, u.feature
), level AS (
  SELECT account_id, max(array_position(ARRAY['basic', 'intermediate', 'advanced'], tier)) AS level
  FROM (
    SELECT u.account_id, f.tier FROM feature_use AS u JOIN described AS f ON f.key = u.feature
    GROUP BY u.account_id, f.tier HAVING sum(u.events) >= 3
  ) AS reached_tier
  GROUP BY account_id
), adopted AS (
  SELECT account_id, jsonb_agg(jsonb_build_object(
           'key', key, 'title', title, 'tier', tier, 'catalogued', tier IS NOT NULL, 'adopters', adopters
         ) ORDER BY key) AS features
  FROM (
    SELECT e.account_id, e.key, e.title, e.tier, coalesce(u.adopters, 0) AS adopters
    FROM entitled AS e LEFT JOIN feature_use AS u ON u.account_id = e.account_id AND u.feature = e.key
    WHERE e.has
    UNION ALL
    SELECT u.account_id, u.feature, u.feature, NULL, u.adopters
    FROM feature_use AS u WHERE NOT EXISTS (SELECT FROM described AS f WHERE f.key = u.feature)
  ) AS each
  GROUP BY account_id
), catalogued AS (
  SELECT account_id, count(*) AS features, count(*) FILTER (WHERE core AND has) AS core FROM entitled GROUP BY account_id
)
SELECT account_id, c.as_of, c.midnight,
       (c.last_day - 27)::timestamp AT TIME ZONE c.zone AS since_28,
       (c.today - 28)::timestamp AT TIME ZONE c.zone AS whole_since_28,
       (SELECT count(*) FROM generate_series(1, 28) AS back WHERE extract(isodow FROM c.today - back::int) < 6) AS business_day_count,
       a.seats, a.since AS contract_since, a.age_months, a.plan, a.intended_users,
       s.members, s.active AS assigned_active, s.activated, s.trained, s.trained_active, s.personas, s.active_personas,
       (SELECT count(*) FROM persona) AS intended_personas, s.active_intended,
       coalesce(u.active, 0) AS active, coalesce(u.regular, 0) AS regular, coalesce(u.login_days, 0)::bigint AS login_days,
       coalesce(u.whole_days, 0)::bigint AS whole_days, coalesce(u.monthly, 0) AS monthly,
       coalesce(u.business_days, 0)::bigint AS business_days, coalesce(u.business_monthly, 0) AS business_monthly,
       coalesce(u.top_events, 0)::float8 AS top_events, coalesce(u.member_events, 0)::float8 AS member_events,
       coalesce(u.squares, 0)::float8 AS squares,
       coalesce(u.settled, 0) AS settled, coalesce(u.settled_events, 0)::bigint AS settled_events,
       coalesce(u.settled_days, 0)::bigint AS settled_days,
       coalesce(m.events, 0) AS events, coalesce(m.sticky_events, 0) AS sticky_events, m.freshness,
       coalesce(r.new_features, 0) AS new_features, coalesce(r.core_uses, 0) AS core_uses,
       coalesce(g.features, 0) AS catalogued, coalesce(g.core, 0) AS core_features, v.level, coalesce(d.features, '[]') AS features
FROM (SELECT DISTINCT unnest($1::uuid[])) AS each(account_id)
CROSS JOIN clock AS c
LEFT JOIN account AS a USING (account_id)
LEFT JOIN catalogued AS g USING (account_id)
LEFT JOIN assigned AS s USING (account_id)
LEFT JOIN active AS u USING (account_id)
LEFT JOIN month AS m USING (account_id)
LEFT JOIN reached AS r USING (account_id)
LEFT JOIN level AS v USING (account_id)
LEFT JOIN adopted AS d USING (account_id)

-- How many members took each milestone ($3, in order) after all before it, and how long it took them; known at $2.
-- A member's start: as accounts tells it, or the first use where that was earlier or nobody told. Members that left
-- stay in: they are who gave up. $4 and $5: one row for each milestone's place and feature; $6, $7: starts from, before.
WITH clock AS MATERIALIZED (
  SELECT * FROM usage.clock($2)
), wanted AS (
  SELECT w.place, w.feature, count(*) OVER (PARTITION BY w.place) AS features FROM unnest($4::int[], $5::text[]) AS w(place, feature)
), seen AS MATERIALIZED (
  SELECT s.account_id, s.member, s.feature, s.day, s.recorded_at
  FROM usage.first_uses($1, (SELECT array_agg(name) FROM usage.feature), $2) AS s WHERE s.member <> ''
), people AS (
  SELECT account_id, member, min(day) AS start_on, max(recorded_at) AS freshness
  FROM (
    SELECT account_id, member, day, recorded_at FROM seen
    UNION ALL
    SELECT m.account_id, m.member_id::text, (m.started_at AT TIME ZONE c.zone)::date, NULL
    FROM usage.members_at($1, $2) AS m
    JOIN usage.customers($1, $2) AS k(account_id) USING (account_id)
    CROSS JOIN clock AS c
    WHERE NOT m.internal AND m.started_at <= c.as_of
  ) AS known
  GROUP BY account_id, member
), cohort AS MATERIALIZED (
  SELECT * FROM people
  WHERE start_on >= coalesce($6::date, '-infinity') AND start_on < coalesce($7::date, 'infinity')
), reached AS (
  SELECT s.account_id, s.member, w.place, max(s.day) AS day
  FROM seen AS s JOIN wanted AS w USING (feature)
  GROUP BY s.account_id, s.member, w.place, w.features
  HAVING count(*) = w.features
), way AS (
  SELECT r.account_id, r.member, r.place, max(r.day) OVER earlier - c.start_on AS took, count(*) OVER earlier AS done
  FROM reached AS r JOIN cohort AS c USING (account_id, member)
  WINDOW earlier AS (PARTITION BY r.account_id, r.member ORDER BY r.place)
), there AS (
  SELECT place, count(*) AS members, percentile_cont(0.5) WITHIN GROUP (ORDER BY took) AS median_days
  FROM way WHERE done = place GROUP BY place
), whole AS (
  SELECT count(*) AS members, min(start_on) AS since, max(freshness) AS freshness FROM cohort
)
SELECT n.key, coalesce(t.members, 0) AS members, t.median_days, w.members AS cohort, w.since, w.freshness
FROM unnest($3::text[]) WITH ORDINALITY AS n(key, place)
CROSS JOIN whole AS w
LEFT JOIN there AS t USING (place)
ORDER BY n.place

-- Rules of manual work (key, feature, at least, within) that members met in 28 whole days; weeks begin on Monday.
WITH rules AS (
  SELECT * FROM unnest($3::text[], $4::text[], $5::int[], $6::text[]) AS r(rule, feature, at_least, within)
), done AS (
  SELECT r.rule, r.at_least, u.account_id, u.member,
         date_trunc(r.within, u.day::timestamp)::date AS period_on,
         sum(u.events) AS events, max(u.recorded_at) AS freshness
  FROM usage.used($1, $2, 28) AS u JOIN rules AS r ON r.feature = u.feature
  WHERE u.feature = ANY ($4) AND u.member <> '' AND u.day >= u.today - 28 AND u.day < u.today
  GROUP BY r.rule, r.at_least, u.account_id, u.member, period_on
), met AS (
  SELECT *, row_number() OVER (PARTITION BY rule, account_id ORDER BY events DESC, period_on DESC, member) AS place
  FROM done WHERE events >= at_least
)
SELECT account_id, rule, count(DISTINCT member)::int AS members, count(*)::int AS times_met,
       min(member) FILTER (WHERE place = 1) AS member,
       min(period_on) FILTER (WHERE place = 1) AS period_on,
       min(events::bigint) FILTER (WHERE place = 1) AS events,
       max(freshness) AS freshness
FROM met GROUP BY account_id, rule ORDER BY account_id, rule

-- Of each account's latest decided renewal (the 5,000 latest of all): who stayed, by stratum, with a feature and in all.
-- Only accounts that were customers 180 days before can have used anything then.
WITH now AS MATERIALIZED (
  SELECT * FROM usage.clock($2)
), terms AS MATERIALIZED (
  SELECT t.account_id, t.contract_id, t.start_on, coalesce(t.ended_on, t.end_on) AS renewal_on, t.outcome, t.seats,
         t.term_months, t.recorded_at, min(t.start_on) OVER (PARTITION BY t.account_id) AS first_on
  FROM usage.terms_at($1, $2) AS t
  JOIN usage.customers($1, $2) AS k(account_id) USING (account_id)
), latest AS (
  SELECT DISTINCT ON (account_id) t.*
  FROM terms AS t CROSS JOIN now AS c
  WHERE t.outcome <> 'pending' AND t.renewal_on <= c.today
  ORDER BY account_id, renewal_on DESC, contract_id
), decided AS MATERIALIZED (
  SELECT l.account_id, l.renewal_on, l.outcome <> 'lost' AS stayed, l.recorded_at,
         concat_ws('/',
           CASE WHEN l.renewal_on - l.first_on < 366 THEN 1 WHEN l.renewal_on - l.first_on < 731 THEN 2 ELSE 3 END,
           coalesce(p.plan, '?'),
           CASE WHEN l.term_months = 1 THEN 'monthly' ELSE 'longer' END,
           CASE WHEN l.seats <= 10 THEN 'small' WHEN l.seats <= 50 THEN 'middle' WHEN l.seats > 50 THEN 'large' ELSE '?' END
         ) AS stratum
  FROM latest AS l
  LEFT JOIN LATERAL (
    SELECT plan FROM (
      SELECT DISTINCT ON (line_id) plan, quantity, started_at, ended_at
      FROM usage.plan_line
      WHERE account_id = l.account_id AND recorded_at <= $2
      ORDER BY line_id, recorded_at DESC
    ) AS line
    WHERE started_at < l.renewal_on AND (ended_at IS NULL OR ended_at >= l.renewal_on - 1)
    ORDER BY quantity DESC, plan LIMIT 1
  ) AS p ON true
  WHERE l.renewal_on - l.first_on >= 180
  ORDER BY l.renewal_on DESC, l.account_id LIMIT 5000
), named AS MATERIALIZED (
  SELECT * FROM usage.names_at($1, $2)
), users AS (
  SELECT d.account_id, u.feature, d.stratum, d.stayed
  FROM decided AS d
  CROSS JOIN now AS c
  CROSS JOIN LATERAL (
    SELECT u.account_id, u.feature, u.member, u.events
    FROM usage.daily AS u
    WHERE u.account_id = d.account_id AND u.day >= d.renewal_on - 180 AND u.day < d.renewal_on - 90
      AND u.known_on < c.today
    OFFSET 0  -- account by account from the index: the planner would rather read the days of all
  ) AS u
  LEFT JOIN named AS n ON n.account_id = u.account_id AND n.name = u.member
  WHERE n.internal IS NOT TRUE
  GROUP BY d.account_id, u.feature, d.stratum, d.stayed
  HAVING sum(u.events) >= 3
)
SELECT feature, stratum, count(*) FILTER (WHERE stayed)::int AS stayed,
       count(*) FILTER (WHERE NOT stayed)::int AS left, NULL::timestamptz AS freshness
FROM users GROUP BY feature, stratum
UNION ALL
SELECT NULL, stratum, count(*) FILTER (WHERE stayed)::int, count(*) FILTER (WHERE NOT stayed)::int, max(recorded_at)
FROM decided GROUP BY stratum

-- Where accounts ($2) themselves stood when they were last measured before a moment ($1).
WITH now AS MATERIALIZED (
  SELECT *, today - 8 AS since FROM usage.clock($1)
)
SELECT DISTINCT ON (s.account_id) s.account_id, s.age_band, s.plan, s.active::float8 AS active, s.breadth, s.depth
FROM now AS c
JOIN usage.standing AS s ON s.measured_on BETWEEN c.since AND c.today AND s.recorded_at <= c.as_of
WHERE s.account_id = ANY ($2::uuid[])
ORDER BY s.account_id, s.measured_on DESC

-- Attempts to collect since $3, the last success and the way of paying, per account at a moment.
SELECT a.account_id, t.attempts, t.failures, t.last_payment_at, t.freshness, m.method
FROM unnest($1::uuid[]) AS a (account_id)
CROSS JOIN LATERAL (
  SELECT
    count(*) FILTER (WHERE attempted_at >= $3) AS attempts,
    count(*) FILTER (WHERE NOT succeeded AND attempted_at >= $3) AS failures,
    max(attempted_at) FILTER (WHERE succeeded) AS last_payment_at,
    max(recorded_at) AS freshness
  FROM billing.payment AS p
  WHERE p.account_id = a.account_id AND p.recorded_at <= $2 AND p.attempted_at < $2
) AS t
LEFT JOIN LATERAL (
  SELECT method
  FROM billing.payment_method AS p
  WHERE p.account_id = a.account_id AND p.recorded_at <= $2 AND p.valid_from <= $2
  ORDER BY p.valid_from DESC, p.recorded_at DESC LIMIT 1
) AS m ON true

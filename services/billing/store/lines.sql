-- MRR, quantity and plan per account and currency at a moment, the largest first; ended lines count nothing.
SELECT
  account_id, currency,
  coalesce(sum(mrr) FILTER (WHERE active), 0)::bigint AS cents,
  coalesce(sum(quantity) FILTER (WHERE active), 0)::bigint AS quantity,
  (array_agg(plan ORDER BY mrr DESC, id) FILTER (WHERE active))[1] AS plan
FROM (
  SELECT DISTINCT ON (id)
    account_id, id, currency, plan, quantity, started_at,
    ended_at IS NULL OR ended_at > $2 AS active,
    billing.mrr_cents(quantity, unit_price_cents, interval, discount_share) AS mrr
  FROM billing.subscription
  WHERE account_id = ANY ($1) AND recorded_at <= $2
  ORDER BY id, recorded_at DESC
) AS newest
WHERE started_at <= $2
GROUP BY account_id, currency
ORDER BY cents DESC, currency

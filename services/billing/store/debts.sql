-- What is issued and not paid at a moment, per account and currency; overdue from the day after the due date.
SELECT
  account_id, currency,
  sum(amount_cents)::bigint AS due_cents,
  coalesce(sum(amount_cents) FILTER (WHERE overdue), 0)::bigint AS overdue_cents,
  count(*) FILTER (WHERE overdue) AS overdue,
  max(recorded_at) AS freshness
FROM (
  SELECT DISTINCT ON (id)
    account_id, id, currency, amount_cents, issued_at, paid_at, recorded_at,
    due_on < ($2::timestamptz AT TIME ZONE 'UTC')::date AS overdue
  FROM billing.invoice
  WHERE account_id = ANY ($1) AND recorded_at <= $2
  ORDER BY id, recorded_at DESC
) AS newest
WHERE issued_at <= $2 AND (paid_at IS NULL OR paid_at > $2)
GROUP BY account_id, currency
ORDER BY due_cents DESC, currency

-- A page of each account's issued and unpaid invoices, the earliest due date first, after ($3, $4).
SELECT * FROM (
  SELECT
    newest.*,
    greatest(($2::timestamptz AT TIME ZONE 'UTC')::date - due_on, 0) AS days_overdue,
    row_number() OVER (PARTITION BY account_id ORDER BY due_on, id) AS place
  FROM (
    SELECT DISTINCT ON (id) account_id, id, amount_cents, currency, issued_at, due_on, paid_at
    FROM billing.invoice
    WHERE account_id = ANY ($1) AND recorded_at <= $2
    ORDER BY id, recorded_at DESC
  ) AS newest
  WHERE issued_at <= $2 AND (paid_at IS NULL OR paid_at > $2)
    AND ($3::date IS NULL OR (due_on, id) > ($3, $4::text))
) AS ranked
WHERE place <= $5
ORDER BY account_id, place

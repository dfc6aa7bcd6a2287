-- What billing tells the model about an account at a landmark: only what was recorded, and had happened, before it.
-- mrr_cents adds all lines in their own currency; null without any line known. No failed payment in 90 days is known only
-- where payments are on record that far back, or as far as the account's first line.
-- $3, null for everything: only one half, 0 or 1, of invoices and payments, by the last digit of their id's MD5.
SELECT
  lines.mrr_cents, lines.quantity, lines.discount_share, lines.plan,
  invoices.overdue AS invoices_overdue, invoices.days AS invoice_overdue_days,
  CASE WHEN lines.blind_before > landmark.as_of - interval '90 days' AND NOT EXISTS (
      SELECT FROM billing.payment AS p
      WHERE p.account_id = landmark.account_id AND p.recorded_at < landmark.as_of
        AND p.attempted_at < landmark.as_of - interval '90 days')
    THEN nullif(attempts.failures, 0) ELSE attempts.failures END AS payment_failures_90d,
  attempts.last_failed AS last_payment_failed,
  methods.method AS payment_method
FROM unnest($1::uuid[], $2::timestamptz[]) WITH ORDINALITY AS landmark (account_id, as_of, place)
CROSS JOIN LATERAL (
  SELECT
    CASE WHEN count(*) > 0 THEN coalesce(sum(mrr) FILTER (WHERE active), 0)::float8 END AS mrr_cents,
    CASE WHEN count(*) > 0 THEN coalesce(sum(newest.quantity) FILTER (WHERE active), 0)::float8 END AS quantity,
    (1 - sum(mrr) FILTER (WHERE active) / nullif(sum(list_mrr) FILTER (WHERE active), 0))::float8 AS discount_share,
    (array_agg(newest.plan ORDER BY mrr DESC, newest.id) FILTER (WHERE active))[1] AS plan,
    CASE WHEN min(newest.started_at) < min(newest.told_at) - interval '7 days' THEN min(newest.told_at) END AS blind_before
  FROM (
    SELECT DISTINCT ON (s.id)
      s.id, s.plan, s.quantity, s.started_at, min(s.recorded_at) OVER () AS told_at,
      s.ended_at IS NULL OR s.ended_at >= landmark.as_of AS active,
      billing.mrr_cents(s.quantity, s.unit_price_cents, s.interval, s.discount_share) AS mrr,
      billing.mrr_cents(s.quantity, s.unit_price_cents, s.interval, 0) AS list_mrr
    FROM billing.subscription AS s
    WHERE s.account_id = landmark.account_id AND s.recorded_at < landmark.as_of
    ORDER BY s.id, s.recorded_at DESC
  ) AS newest
  WHERE newest.started_at < landmark.as_of
) AS lines
CROSS JOIN LATERAL (
  SELECT count(*)::float8 AS overdue,
    coalesce((landmark.as_of AT TIME ZONE 'UTC')::date - min(newest.due_on), 0)::float8 AS days
  FROM (
    SELECT DISTINCT ON (i.id) i.issued_at, i.due_on, i.paid_at
    FROM billing.invoice AS i
    WHERE i.account_id = landmark.account_id AND i.recorded_at < landmark.as_of
      AND ($3::int IS NULL OR ascii(right(md5(i.id), 1)) % 2 = $3)
    ORDER BY i.id, i.recorded_at DESC
  ) AS newest
  WHERE newest.issued_at < landmark.as_of
    AND newest.due_on < (landmark.as_of AT TIME ZONE 'UTC')::date
    AND (newest.paid_at IS NULL OR newest.paid_at >= landmark.as_of)
) AS invoices
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE NOT p.succeeded)::float8 AS failures,
    NOT (array_agg(p.succeeded ORDER BY p.attempted_at DESC, p.id))[1] AS last_failed
  FROM billing.payment AS p
  WHERE p.account_id = landmark.account_id AND p.recorded_at < landmark.as_of
    AND p.attempted_at >= landmark.as_of - interval '90 days' AND p.attempted_at < landmark.as_of
    AND ($3::int IS NULL OR ascii(right(md5(p.invoice_id), 1)) % 2 = $3)
) AS attempts
LEFT JOIN LATERAL (
  SELECT m.method
  FROM billing.payment_method AS m
  WHERE m.account_id = landmark.account_id AND m.recorded_at < landmark.as_of AND m.valid_from < landmark.as_of
  ORDER BY m.valid_from DESC, m.recorded_at DESC LIMIT 1
) AS methods ON true
ORDER BY landmark.place

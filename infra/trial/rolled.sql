-- Staged events into days, as services/usage/record.sql counts them (the tenant's zone is UTC).
INSERT INTO usage.daily AS daily
  (tenant_id, account_id, day, member, feature, known_on, events, quantity, last_at, recorded_at)
SELECT $1, account_id, (occurred_at AT TIME ZONE 'UTC')::date AS day, member, feature,
       (recorded_at AT TIME ZONE 'UTC')::date AS known_on,
       count(*), sum(quantity::numeric), max(occurred_at), max(recorded_at)
FROM staged_event
GROUP BY 2, 3, 4, 5, 6
ORDER BY 2, 3, 4, 5, 6
ON CONFLICT (tenant_id, account_id, day, member, feature, known_on) DO UPDATE SET
  events = daily.events + EXCLUDED.events,
  quantity = daily.quantity + EXCLUDED.quantity,
  last_at = greatest(daily.last_at, EXCLUDED.last_at),
  recorded_at = greatest(daily.recorded_at, EXCLUDED.recorded_at)

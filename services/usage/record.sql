-- Keep new events and add them to their days; the keys that were new. Everything sorted: resent batches may overlap.
WITH given AS (
  SELECT *
  FROM unnest($1::bytea[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::float8[], $6::bytea[], $7::text[],
              $8::text[], $9::text[])
       AS g(key, account_id, occurred_at, recorded_at, quantity, body, feature, member, properties)
), fresh AS (
  INSERT INTO usage.event
    (tenant_id, key, account_id, occurred_at, recorded_at, quantity, day, body, feature, member, properties)
  SELECT current_setting('tenure.tenant')::uuid, key, account_id, occurred_at, recorded_at, quantity,
         (occurred_at AT TIME ZONE $10)::date, body, feature, member, properties::jsonb
  FROM given
  ON CONFLICT DO NOTHING
  RETURNING tenant_id, key, account_id, occurred_at, recorded_at, quantity, day, feature, member
), rolled AS (
  INSERT INTO usage.daily AS d
    (tenant_id, account_id, day, member, feature, known_on, events, quantity, last_at, recorded_at)
  SELECT tenant_id, account_id, day, coalesce(member, ''), feature, (recorded_at AT TIME ZONE $10)::date AS known_on,
         count(*), sum(quantity::numeric), max(occurred_at), max(recorded_at)
  FROM fresh
  GROUP BY tenant_id, account_id, day, coalesce(member, ''), feature, (recorded_at AT TIME ZONE $10)::date
  ORDER BY account_id, day, coalesce(member, ''), feature, known_on
  ON CONFLICT (tenant_id, account_id, day, member, feature, known_on) DO UPDATE SET
    events = d.events + EXCLUDED.events,
    quantity = d.quantity + EXCLUDED.quantity,
    last_at = greatest(d.last_at, EXCLUDED.last_at),
    recorded_at = greatest(d.recorded_at, EXCLUDED.recorded_at)
), listed AS (
  INSERT INTO usage.feature (tenant_id, name, first_at)
  SELECT tenant_id, feature, min(recorded_at) FROM fresh GROUP BY tenant_id, feature ORDER BY feature
  ON CONFLICT DO NOTHING
)
SELECT key FROM fresh

-- Keep events of accounts not known yet; the keys that were new. Sorted, for resent batches may overlap.
-- A row's own clock reads a little after the start of this transaction; one from long before is history.
INSERT INTO usage.pending_event
  (tenant_id, key, known_at, account_id, external_source, external_id, occurred_at, quantity, body, event_id, feature,
   member, properties)
SELECT current_setting('tenure.tenant')::uuid, key,
       CASE WHEN recorded_at < now() - interval '1 minute' THEN recorded_at END,
       account_id, external_source, external_id, occurred_at, quantity, body, event_id, feature, member,
       properties::jsonb
FROM unnest($1::bytea[], $2::timestamptz[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[], $7::float8[],
            $8::bytea[], $9::text[], $10::text[], $11::text[], $12::text[])
     AS g(key, recorded_at, account_id, external_source, external_id, occurred_at, quantity, body, event_id, feature,
          member, properties)
WHERE NOT EXISTS (SELECT FROM usage.event AS e WHERE e.key = g.key)
ON CONFLICT DO NOTHING
RETURNING key

-- Take events that wait under addresses ($1, $2, $3), of each so many ($4) and not more in all ($5). One index a branch:
-- with OR every address would read through all that waits.
DELETE FROM usage.pending_event WHERE key = ANY (ARRAY(
  SELECT w.key FROM unnest($1::uuid[], $2::text[], $3::text[]) AS d(account_id, source, id)
  CROSS JOIN LATERAL (
    (SELECT p.key FROM usage.pending_event AS p WHERE p.account_id = d.account_id LIMIT $4)
    UNION ALL
    (SELECT p.key FROM usage.pending_event AS p WHERE p.external_source = d.source AND p.external_id = d.id LIMIT $4)
  ) AS w LIMIT $5
))
RETURNING key, account_id, external_source, external_id, occurred_at, coalesce(known_at, clock_timestamp()) AS recorded_at,
  quantity, body, feature, member, properties::text AS properties, event_id

-- Have events that wait under addresses ($2, $3) wait for others ($4, $5), of each so many ($6) and not more in all ($7).
UPDATE usage.pending_event AS e SET external_source = t.source, external_id = t.id
FROM (
  SELECT w.key, d.to_source AS source, d.to_id AS id
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[]) AS d(account_id, source, id, to_source, to_id)
  CROSS JOIN LATERAL (
    SELECT p.key FROM usage.pending_event AS p WHERE p.external_source = d.source AND p.external_id = d.id LIMIT $6
  ) AS w LIMIT $7
) AS t
WHERE e.key = t.key

-- Many facts with one statement, in the order given. Streams are locked in account order, as `emit` wants it.
CREATE FUNCTION emit_all(abouts uuid[], types text[], payloads text[], trace text) RETURNS void LANGUAGE sql
SET search_path FROM CURRENT AS $$
  WITH fact AS MATERIALIZED (
    SELECT about, type, payload, number, row_number() OVER (PARTITION BY about ORDER BY number) AS place
    FROM unnest(abouts, types, payloads) WITH ORDINALITY AS f (about, type, payload, number)
  ), stream AS (
    INSERT INTO account_stream AS s (tenant_id, account_id, sequence)
    SELECT current_setting('tenure.tenant')::uuid, about, count(*) FROM fact GROUP BY about ORDER BY about
    ON CONFLICT (tenant_id, account_id) DO UPDATE SET sequence = s.sequence + EXCLUDED.sequence
    RETURNING s.tenant_id, s.account_id, coalesce(old.sequence, 0) AS before
  )
  INSERT INTO outbox (tenant_id, account_id, sequence, type, payload, trace)
  SELECT tenant_id, about, before + place, type, payload::jsonb, trace
  FROM fact JOIN stream ON account_id = about ORDER BY number
$$;

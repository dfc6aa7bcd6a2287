-- One row for each thing that was ever written in versions: what is locked in its place. A row is written once and
-- then only locked, so there is nothing to clean up; what a crash empties is filled again as things are written.
-- Advisory locks would not do: PostgreSQL has room for some thousands of them, and one batch may bring five.
CREATE UNLOGGED TABLE id_lock (
  tenant_id uuid NOT NULL,
  key bigint NOT NULL,
  PRIMARY KEY (tenant_id, key)
);
CALL protect('id_lock');

-- In one order, so that batches that overlap wait for one another and never in a circle: first the rows that are new,
-- where one waits for who inserts the same, then all of them.
CREATE FUNCTION lock_ids(relation text, ids text[]) RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  keys bigint[] := ARRAY(SELECT DISTINCT hashtextextended(relation || ' ' || id, 0) AS key FROM unnest(ids) AS id ORDER BY key);
BEGIN
  INSERT INTO id_lock (tenant_id, key) SELECT current_setting('tenure.tenant')::uuid, unnest(keys) ON CONFLICT DO NOTHING;
  PERFORM FROM id_lock AS l WHERE l.key = ANY (keys) ORDER BY l.key FOR UPDATE;
END $$;

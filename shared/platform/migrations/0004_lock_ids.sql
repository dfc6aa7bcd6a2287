-- Ids that are being written. A row stands here from the lock to the end of its transaction, and nobody ever sees it:
-- it is deleted as soon as it is written, but whoever writes the same one waits until that transaction is over.
-- Advisory locks would not do: PostgreSQL has room for some thousands of them, and one batch may bring five.
CREATE UNLOGGED TABLE id_lock (
  tenant_id uuid NOT NULL,
  relation text NOT NULL,
  id text NOT NULL,
  PRIMARY KEY (tenant_id, relation, id)
);
CALL protect('id_lock');

-- Sorted, so that batches that overlap wait for one another in one order.
CREATE FUNCTION lock_ids(relation text, ids text[]) RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  places tid[];
BEGIN
  WITH placed AS (
    INSERT INTO id_lock (tenant_id, relation, id)
    SELECT current_setting('tenure.tenant')::uuid, lock_ids.relation, each.id
    FROM (SELECT DISTINCT unnest(ids) AS id ORDER BY id) AS each
    ON CONFLICT DO NOTHING
    RETURNING ctid
  )
  SELECT array_agg(ctid) INTO places FROM placed;
  DELETE FROM id_lock WHERE ctid = ANY (places);
END $$;

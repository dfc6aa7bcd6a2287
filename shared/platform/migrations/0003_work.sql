-- Work lists: one row per thing, marked in the transaction that makes the work necessary. The job carries nothing.
CREATE TABLE work (
  tenant_id uuid NOT NULL,
  list text NOT NULL,
  key uuid NOT NULL,
  wanted bigint NOT NULL,
  done bigint NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL,
  lease uuid,
  attempt int NOT NULL DEFAULT 0,
  last_error text,
  trace text,
  PRIMARY KEY (tenant_id, list, key)
) WITH (fillfactor = 70);
CREATE INDEX work_due ON work (list, next_at) WHERE next_at < 'infinity';
CALL protect('work');
CALL open_to_owner('work');

CREATE FUNCTION mark_work(work_list text, keys uuid[], delay interval, traceparent text) RETURNS void LANGUAGE sql
SET search_path FROM CURRENT AS $$
  INSERT INTO work AS w (tenant_id, list, key, wanted, next_at, trace)
  SELECT current_setting('tenure.tenant')::uuid, work_list, k, 1, now() + delay, traceparent
  FROM (SELECT DISTINCT unnest(keys) AS k ORDER BY k) AS sorted
  ON CONFLICT (tenant_id, list, key) DO UPDATE SET
    wanted = w.wanted + 1,
    trace = EXCLUDED.trace,
    next_at = CASE WHEN w.lease IS NULL THEN least(w.next_at, EXCLUDED.next_at) ELSE w.next_at END
$$;

-- Sees every tenant, says nothing but whose work is due.
CREATE FUNCTION claim_work(work_list text, most int, lease_for interval)
RETURNS TABLE (tenant_id uuid, key uuid, wanted bigint, lease uuid, attempt int, trace text) LANGUAGE sql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
  UPDATE work AS w SET next_at = clock_timestamp() + lease_for, lease = gen_random_uuid(), attempt = w.attempt + 1
  FROM (
    SELECT i.tenant_id, i.key FROM work AS i
    WHERE i.list = work_list AND i.next_at <= clock_timestamp()
    ORDER BY i.next_at LIMIT most FOR UPDATE SKIP LOCKED
  ) AS due
  WHERE w.tenant_id = due.tenant_id AND w.list = work_list AND w.key = due.key
  RETURNING w.tenant_id, w.key, w.wanted, w.lease, w.attempt, w.trace
$$;

-- Fenced: returns the keys still under their lease; the caller rolls back when one is missing.
CREATE FUNCTION finish_work(work_list text, keys uuid[], versions bigint[], leases uuid[]) RETURNS SETOF uuid LANGUAGE sql
SET search_path FROM CURRENT AS $$
  UPDATE work AS w SET
    done = greatest(w.done, c.version), attempt = 0, lease = NULL, last_error = NULL,
    next_at = CASE WHEN w.wanted > c.version THEN clock_timestamp() ELSE 'infinity' END
  FROM unnest(keys, versions, leases) AS c(key, version, lease)
  WHERE w.list = work_list AND w.key = c.key AND w.lease = c.lease
  RETURNING w.key
$$;

CREATE FUNCTION fail_work(work_list text, failed uuid, held uuid, error text) RETURNS void LANGUAGE sql
SET search_path FROM CURRENT AS $$
  UPDATE work AS w SET
    lease = NULL, last_error = error,
    next_at = CASE WHEN w.attempt >= 12 THEN 'infinity'::timestamptz
      ELSE clock_timestamp() + least(interval '10 min', interval '1 s' * power(2, w.attempt) * (0.8 + 0.4 * random())) END
  WHERE w.list = work_list AND w.key = failed AND w.lease = held
$$;

CREATE FUNCTION work_pending(work_list text) RETURNS bigint LANGUAGE sql STABLE
SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT count(*) FROM work WHERE list = work_list AND next_at < 'infinity'
$$;

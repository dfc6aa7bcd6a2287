-- A lease is short and is renewed while the work is under way: what a killed process had claimed is free within a minute.
-- Rows that others have locked just now, to mark or to finish them, are left for the next time.
CREATE FUNCTION renew_work(work_list text, leases uuid[], lease_for interval) RETURNS void LANGUAGE sql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
  UPDATE work AS w SET next_at = clock_timestamp() + lease_for
  FROM (
    SELECT i.tenant_id, i.key FROM work AS i
    WHERE i.list = work_list AND i.next_at < 'infinity' AND i.lease = ANY (leases) FOR UPDATE SKIP LOCKED
  ) AS ours
  WHERE w.tenant_id = ours.tenant_id AND w.list = work_list AND w.key = ours.key
$$;

-- How often in a row a neighbour was away: that is no try of the work, and nothing is given up for it.
ALTER TABLE work ADD COLUMN postponed int NOT NULL DEFAULT 0;

CREATE FUNCTION postpone_work(work_list text, keys uuid[], leases uuid[], max_pause interval, error text) RETURNS void LANGUAGE sql
SET search_path FROM CURRENT AS $$
  UPDATE work AS w SET
    lease = NULL, last_error = error, attempt = greatest(w.attempt - 1, 0), postponed = w.postponed + 1,
    next_at = clock_timestamp() + least(max_pause, interval '1 s' * power(2, least(w.postponed, 16))) * (0.8 + 0.4 * random())
  FROM (
    SELECT c.key, c.lease FROM unnest(keys, leases) AS c(key, lease) JOIN work AS i ON i.list = work_list AND i.key = c.key
    ORDER BY c.key FOR UPDATE OF i
  ) AS ours
  WHERE w.list = work_list AND w.key = ours.key AND w.lease = ours.lease
$$;

CREATE OR REPLACE FUNCTION finish_work(work_list text, keys uuid[], versions bigint[], leases uuid[]) RETURNS SETOF uuid LANGUAGE sql
SET search_path FROM CURRENT AS $$
  UPDATE work AS w SET
    done = greatest(w.done, c.version), attempt = 0, postponed = 0, lease = NULL, last_error = NULL,
    next_at = CASE WHEN w.wanted > c.version THEN clock_timestamp() ELSE 'infinity' END
  FROM unnest(keys, versions, leases) AS c(key, version, lease)
  WHERE w.list = work_list AND w.key = c.key AND w.lease = c.lease
  RETURNING w.key
$$;

-- What was given up begins anew when it is asked for again.
CREATE OR REPLACE FUNCTION mark_work(work_list text, keys uuid[], delay interval, traceparent text) RETURNS void LANGUAGE sql
SET search_path FROM CURRENT AS $$
  INSERT INTO work AS w (tenant_id, list, key, wanted, next_at, trace)
  SELECT current_setting('tenure.tenant')::uuid, work_list, k, 1, now() + delay, traceparent
  FROM (SELECT DISTINCT unnest(keys) AS k ORDER BY k) AS sorted
  ON CONFLICT (tenant_id, list, key) DO UPDATE SET
    wanted = w.wanted + 1,
    trace = EXCLUDED.trace,
    attempt = CASE WHEN w.next_at = 'infinity' THEN 0 ELSE w.attempt END,
    next_at = CASE WHEN w.lease IS NULL THEN least(w.next_at, EXCLUDED.next_at) ELSE w.next_at END
$$;

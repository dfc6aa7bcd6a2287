-- What was given up after its tries: work that stands still, and facts among the dead letters. Both are shown, and tried
-- again, by the name of their list.
CREATE INDEX work_given_up ON work (tenant_id, list) WHERE next_at = 'infinity' AND last_error IS NOT NULL;

-- A dead letter keeps all that another try needs; those from before have the moment of their death in its place.
ALTER TABLE dead_letter ADD COLUMN event_id uuid, ADD COLUMN occurred_at timestamptz, ADD COLUMN logged_at timestamptz,
  ADD COLUMN trace text;
CALL open_to_owner('dead_letter');

-- Sees every tenant; for our own processes and for who operates them.
CREATE FUNCTION given_up() RETURNS TABLE (tenant_id uuid, list text, things bigint, error text) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT w.tenant_id, w.list, count(*), max(w.last_error) FROM work AS w
  WHERE w.next_at = 'infinity' AND w.last_error IS NOT NULL AND w.wanted > w.done AND w.lease IS NULL GROUP BY 1, 2
  UNION ALL
  SELECT d.tenant_id, 'facts-of-' || d.source, count(*), max(d.error) FROM dead_letter AS d
  WHERE d.resolved_at IS NULL GROUP BY 1, 2
  ORDER BY 1, 2
$$;

-- Begins anew; facts go back to the others of their account that wait, in the order in which they were told.
CREATE FUNCTION retry_given_up(of_list text) RETURNS bigint LANGUAGE sql
SET search_path FROM CURRENT AS $$
  WITH begun AS (
    UPDATE work AS w SET next_at = clock_timestamp(), attempt = 0, postponed = 0
    FROM (
      SELECT i.tenant_id, i.list, i.key FROM work AS i
      WHERE i.next_at = 'infinity' AND i.last_error IS NOT NULL AND i.wanted > i.done AND i.lease IS NULL
        AND i.list = of_list ORDER BY i.key FOR UPDATE
    ) AS ours
    WHERE w.tenant_id = ours.tenant_id AND w.list = ours.list AND w.key = ours.key RETURNING 1
  ), letter AS (
    DELETE FROM dead_letter AS d
    WHERE d.resolved_at IS NULL AND 'facts-of-' || d.source = of_list RETURNING *
  ), told AS (
    INSERT INTO fact_retry (tenant_id, source, position, event_id, account_id, sequence, type, payload, occurred_at, logged_at, trace)
    SELECT l.tenant_id, l.source, l.position, coalesce(l.event_id, gen_random_uuid()), l.account_id, l.sequence, l.type, l.payload,
           coalesce(l.occurred_at, l.at), coalesce(l.logged_at, l.at), l.trace
    FROM letter AS l RETURNING 1
  )
  SELECT (SELECT count(*) FROM begun) + (SELECT count(*) FROM told)
$$;

-- Who claims work learns how often a neighbour was away for it.
DROP FUNCTION claim_work(text, int, interval);
CREATE FUNCTION claim_work(work_list text, most int, lease_for interval)
RETURNS TABLE (tenant_id uuid, key uuid, wanted bigint, lease uuid, attempt int, trace text, postponed int) LANGUAGE sql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
  UPDATE work AS w SET next_at = clock_timestamp() + lease_for, lease = gen_random_uuid(), attempt = w.attempt + 1
  FROM (
    SELECT i.tenant_id, i.key FROM work AS i
    WHERE i.list = work_list AND i.next_at <= clock_timestamp()
    ORDER BY i.next_at LIMIT most FOR UPDATE SKIP LOCKED
  ) AS due
  WHERE w.tenant_id = due.tenant_id AND w.list = work_list AND w.key = due.key
  RETURNING w.tenant_id, w.key, w.wanted, w.lease, w.attempt, w.trace, w.postponed
$$;

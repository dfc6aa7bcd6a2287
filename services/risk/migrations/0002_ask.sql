-- Runs once for every fact of four services: so it is one statement.
CREATE FUNCTION ask(about uuid[], why text, work_list text, traceparent text) RETURNS void LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM one_at_a_time();
  INSERT INTO account_seen AS a (account_id, reason)
  SELECT DISTINCT account_id, why FROM unnest(about) AS account_id ORDER BY 1
  ON CONFLICT (tenant_id, account_id) DO UPDATE SET reason = why WHERE a.reason <> why;
  PERFORM mark_work(work_list, about, interval '0', traceparent);
END $$;

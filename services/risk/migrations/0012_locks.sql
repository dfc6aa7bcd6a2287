-- Whoever marks all accounts of a tenant must see every account; all others go on beside one another. Rows are locked in
-- one order everywhere: latest, account_stream, account_seen, work, and of each table by its key.
CREATE FUNCTION accounts_lock() RETURNS bigint LANGUAGE sql STABLE SET search_path FROM CURRENT
RETURN hashtextextended('risk.accounts:' || current_setting('tenure.tenant'), 0);

-- Runs once for every page of facts of four services: so it is one statement.
CREATE OR REPLACE FUNCTION ask(about uuid[], why text, work_list text, traceparent text) RETURNS void LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(accounts_lock());
  INSERT INTO account_seen AS a (account_id, reason)
  SELECT DISTINCT account_id, why FROM unnest(about) AS account_id ORDER BY 1
  ON CONFLICT (tenant_id, account_id) DO UPDATE SET reason = why WHERE a.reason <> why;
  PERFORM mark_work(work_list, about, interval '0', traceparent);
END $$;

-- An account becomes known either before, and is asked for, or after, and is scored by what is true then.
CREATE FUNCTION ask_everyone(why text, work_list text, traceparent text) RETURNS void LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(accounts_lock());
  PERFORM ask(ARRAY(SELECT account_id FROM account_seen), why, work_list, traceparent);
END $$;

DROP FUNCTION one_at_a_time();

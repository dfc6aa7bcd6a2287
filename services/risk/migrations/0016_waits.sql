-- Whose answer a score still waits for: it was made from what these services said last.
ALTER TABLE account_seen ADD COLUMN waits_for text[] NOT NULL DEFAULT '{}';
CREATE INDEX account_waits ON account_seen (tenant_id) WHERE waits_for <> '{}';

-- Both see every tenant, and say nothing but whom to ask, and whose score is to be made again.
CREATE FUNCTION awaited_services() RETURNS SETOF text LANGUAGE sql STABLE
SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT DISTINCT unnest(waits_for) FROM account_seen WHERE waits_for <> '{}'
$$;
CREATE FUNCTION accounts_waiting(services text[], most int) RETURNS TABLE (tenant_id uuid, account_id uuid) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT a.tenant_id, a.account_id FROM account_seen AS a WHERE a.waits_for <> '{}' AND a.waits_for && services LIMIT most
$$;

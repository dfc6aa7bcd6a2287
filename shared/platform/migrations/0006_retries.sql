-- Facts of a page that could not be applied with the others of their tenant. They are tried again apart from the log, in
-- the order of each account, so that nobody else waits for them; after its last try a fact goes to dead_letter.
CREATE TABLE fact_retry (
  tenant_id uuid NOT NULL DEFAULT current_setting('tenure.tenant')::uuid,
  source text NOT NULL,
  position bigint NOT NULL,
  event_id uuid NOT NULL,
  account_id uuid NOT NULL,
  sequence bigint NOT NULL,
  type text NOT NULL,
  payload jsonb NOT NULL,
  occurred_at timestamptz NOT NULL,
  logged_at timestamptz NOT NULL,
  trace text,
  tries int NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, source, position)
);
CREATE INDEX ON fact_retry (tenant_id, source, account_id, position);
CALL protect('fact_retry');
CALL open_to_owner('fact_retry');

-- Sees every tenant, says nothing but who has facts of a log to be tried again, and whether one of them is due.
CREATE FUNCTION retry_tenants(followed text) RETURNS TABLE (tenant_id uuid, is_due boolean) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT r.tenant_id, bool_or(r.next_at <= clock_timestamp()) FROM fact_retry AS r WHERE r.source = followed GROUP BY r.tenant_id
$$;

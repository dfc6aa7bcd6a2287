-- Tenants and their API keys. The gateway's role sees keys through one narrow function and its tenant's rows only.
CREATE TABLE tenant (
  tenant_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL UNIQUE,
  time_zone text NOT NULL DEFAULT 'UTC',
  created_at timestamptz NOT NULL DEFAULT now()
);
CALL protect('tenant');
CALL open_to_owner('tenant');

CREATE TABLE api_key (
  tenant_id uuid NOT NULL REFERENCES tenant,
  key_id uuid NOT NULL DEFAULT gen_random_uuid(),
  name text NOT NULL,
  prefix text NOT NULL,
  hash bytea NOT NULL UNIQUE,
  scopes text[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz,
  PRIMARY KEY (tenant_id, key_id)
);
CALL protect('api_key');
CALL open_to_owner('api_key');

CREATE FUNCTION key_holder(key_hash bytea) RETURNS TABLE (tenant_id uuid, key_id uuid, scopes text[], time_zone text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT k.tenant_id, k.key_id, k.scopes, t.time_zone
  FROM api_key AS k JOIN tenant AS t USING (tenant_id)
  WHERE k.hash = key_hash AND k.revoked_at IS NULL
$$;

-- For readiness: which tenants there are, nothing more.
CREATE FUNCTION tenants() RETURNS TABLE (tenant_id uuid, name text) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT tenant_id, name FROM tenant ORDER BY created_at
$$;

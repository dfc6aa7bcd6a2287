-- Models without their documents, with the aliases that pointed at them at a moment.
CREATE FUNCTION models_at(moment timestamptz)
RETURNS TABLE (tenant_id uuid, model_id uuid, version text, checksum text, trained_at timestamptz,
               published_at timestamptz, data_from date, data_to date, accounts bigint, events bigint, metrics jsonb,
               features text[], aliases text[]) LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT m.tenant_id, m.model_id, m.version, m.checksum, m.trained_at, m.published_at, m.data_from, m.data_to,
         m.accounts, m.events, m.metrics, m.features,
         ARRAY(
           SELECT newest.alias
           FROM (
             SELECT DISTINCT ON (a.alias) a.alias, a.version FROM model_alias AS a
             WHERE a.tenant_id = m.tenant_id AND a.set_at <= moment ORDER BY a.alias, a.set_at DESC
           ) AS newest
           WHERE newest.version = m.version
         )
  FROM model AS m;
END;
CREATE OR REPLACE VIEW model_version WITH (security_invoker = true) AS SELECT * FROM models_at('infinity');

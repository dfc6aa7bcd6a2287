-- Forecast models, every score they served, and which accounts there are to score.
CREATE TABLE model (
  tenant_id uuid NOT NULL DEFAULT current_setting('tenure.tenant')::uuid,
  version text NOT NULL,
  model_id uuid NOT NULL DEFAULT uuidv7(),
  document bytea NOT NULL,
  checksum text NOT NULL,
  trained_at timestamptz NOT NULL,
  published_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  data_from date NOT NULL,
  data_to date NOT NULL,
  accounts bigint NOT NULL,
  events bigint NOT NULL,
  metrics jsonb NOT NULL,
  features text[] NOT NULL,
  PRIMARY KEY (tenant_id, version),
  UNIQUE (tenant_id, model_id)
);
CALL protect('model');

-- Only ever added to: the newest row of an alias holds, the older ones say who held it before.
CREATE TABLE model_alias (
  tenant_id uuid NOT NULL DEFAULT current_setting('tenure.tenant')::uuid,
  alias text NOT NULL CHECK (alias IN ('champion', 'challenger')),
  set_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  version text NOT NULL,
  PRIMARY KEY (tenant_id, alias, set_at),
  FOREIGN KEY (tenant_id, version) REFERENCES model
);
CALL protect('model_alias');
CALL open_to_owner('model_alias');

-- Between two days of a curve log survival is linear; beyond its end the end counts.
CREATE FUNCTION churn_within(days float8[], survival float8[], within float8) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT 1 - exp(ln(here) + CASE WHEN there IS NULL THEN 0
    ELSE (ln(there) - ln(here)) * (within - days[i]) / (days[i + 1] - days[i]) END)
  FROM (SELECT greatest(1, width_bucket(within, days)) AS i) AS place,
    LATERAL (SELECT greatest(survival[i], 1e-300) AS here, greatest(survival[i + 1], 1e-300) AS there_or_end) AS ends,
    LATERAL (SELECT CASE WHEN i < cardinality(days) THEN there_or_end END AS there) AS inner_end
$$;

-- Only ever added to: what was served at a moment stays what was served then.
CREATE TABLE score (
  tenant_id uuid NOT NULL DEFAULT current_setting('tenure.tenant')::uuid,
  score_id uuid NOT NULL,
  account_id uuid NOT NULL,
  as_of timestamptz NOT NULL,
  scored_at timestamptz NOT NULL,
  model_version text NOT NULL,
  reason text NOT NULL,
  renewal_on date,
  renewal_probability float8,
  renewal_low float8,
  renewal_high float8,
  curve_days float8[] NOT NULL,
  curve_survival float8[] NOT NULL,
  curve_low float8[] NOT NULL,
  curve_high float8[] NOT NULL,
  churn_90 float8 NOT NULL,
  band text NOT NULL,
  mrr_cents bigint,
  currency text,
  drivers jsonb NOT NULL,
  driven_probability float8 NOT NULL,
  driven_days float8 NOT NULL,
  reference_probability float8 NOT NULL,
  inputs jsonb NOT NULL,
  inputs_hash text NOT NULL,
  stale_inputs text[] NOT NULL,
  unlike_training text[] NOT NULL,
  PRIMARY KEY (tenant_id, score_id),
  FOREIGN KEY (tenant_id, model_version) REFERENCES model
);
CREATE INDEX ON score (tenant_id, account_id, scored_at DESC, score_id DESC);
CALL protect('score');

-- The newest score of each account under contract, with what lists are ranked by; `told_…` is what listeners last heard.
CREATE TABLE latest (
  tenant_id uuid NOT NULL DEFAULT current_setting('tenure.tenant')::uuid,
  account_id uuid NOT NULL,
  score_id uuid NOT NULL,
  model_version text NOT NULL,
  inputs_hash text NOT NULL,
  band text NOT NULL,
  churn_90 float8 NOT NULL,
  value_at_risk_cents bigint NOT NULL,
  curve_days float8[] NOT NULL,
  curve_survival float8[] NOT NULL,
  told_renewal_probability float8,
  told_churn_90 float8 NOT NULL,
  told_band text NOT NULL,
  PRIMARY KEY (tenant_id, account_id)
) WITH (fillfactor = 70);
CREATE INDEX ON latest (tenant_id, churn_90 DESC, account_id);
CREATE INDEX ON latest (tenant_id, value_at_risk_cents DESC, account_id);
CALL protect('latest');

-- When an account's last contract was seen closed, and so its score stopped being served.
CREATE TABLE closing (
  tenant_id uuid NOT NULL DEFAULT current_setting('tenure.tenant')::uuid,
  account_id uuid NOT NULL,
  closed_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, account_id, closed_at)
);
CALL protect('closing');

-- Which accounts there are, why their next score is wanted, and when to look again if nothing happens.
CREATE TABLE account_seen (
  tenant_id uuid NOT NULL DEFAULT current_setting('tenure.tenant')::uuid,
  account_id uuid NOT NULL,
  reason text NOT NULL,
  check_again_at timestamptz NOT NULL DEFAULT now() + interval '1 hour',
  PRIMARY KEY (tenant_id, account_id)
) WITH (fillfactor = 70);
CREATE INDEX ON account_seen (tenant_id, check_again_at);
CALL protect('account_seen');
CALL open_to_owner('account_seen');

-- Facts of four services and the worker touch many accounts each, in no common order: one at a time, or they deadlock.
CREATE FUNCTION one_at_a_time() RETURNS void LANGUAGE sql SET search_path FROM CURRENT AS $$
  SELECT pg_advisory_xact_lock(7305918265)
$$;

-- Sees every tenant, says nothing but whose look again is due; only where a model could score them.
CREATE FUNCTION due_again(most int) RETURNS TABLE (tenant_id uuid, account_id uuid) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT a.tenant_id, a.account_id
  FROM (SELECT DISTINCT m.tenant_id FROM model_alias AS m WHERE m.alias = 'champion') AS served
  JOIN account_seen AS a USING (tenant_id)
  WHERE a.check_again_at <= now()
  LIMIT most
$$;

-- Models without their documents, with the aliases that point at them now.
CREATE VIEW model_version WITH (security_invoker = true) AS
SELECT
  m.tenant_id, m.model_id, m.version, m.checksum, m.trained_at, m.published_at, m.data_from, m.data_to,
  m.accounts, m.events, m.metrics, m.features,
  ARRAY(
    SELECT newest.alias
    FROM (
      SELECT DISTINCT ON (a.alias) a.alias, a.version FROM model_alias AS a
      WHERE a.tenant_id = m.tenant_id ORDER BY a.alias, a.set_at DESC
    ) AS newest
    WHERE newest.version = m.version
  ) AS aliases
FROM model AS m;

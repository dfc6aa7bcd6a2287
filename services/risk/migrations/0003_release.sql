-- Training runs, what the gate said of them, who made which model serve, broken documents and drift.
ALTER TABLE model
  ADD COLUMN judged_document bytea NOT NULL DEFAULT '',
  ADD COLUMN reference jsonb NOT NULL DEFAULT '{}';

-- A challenger that was promoted leaves nobody behind in its role: then the version is null.
ALTER TABLE model_alias
  ALTER COLUMN version DROP NOT NULL,
  ADD COLUMN deed text NOT NULL DEFAULT 'PUBLISHED'
    CHECK (deed IN ('PUBLISHED', 'FORCED', 'PROMOTED', 'ROLLED_BACK', 'REFUSED', 'RELEASED')),
  ADD COLUMN done_by text NOT NULL DEFAULT 'system',
  ADD COLUMN reason text;

CREATE TABLE training_run (
  tenant_id uuid NOT NULL DEFAULT current_setting('tenure.tenant')::uuid,
  run_id uuid NOT NULL DEFAULT uuidv7(),
  cause text NOT NULL CHECK (cause IN ('SCHEDULED', 'REQUESTED', 'COMMAND')),
  asked_by text NOT NULL,
  asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  started_at timestamptz,
  alive_until timestamptz,
  ended_at timestamptz,
  outcome text CHECK (outcome IN ('PUBLISHED', 'FORCED', 'REFUSED', 'FAILED')),
  reason text,
  version text,
  judgement jsonb,
  figures jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (tenant_id, run_id),
  FOREIGN KEY (tenant_id, version) REFERENCES model,
  CHECK ((ended_at IS NULL) = (outcome IS NULL))
);
-- Two trainings of one tenant at once cannot be.
CREATE UNIQUE INDEX ON training_run (tenant_id) WHERE ended_at IS NULL;
CREATE INDEX ON training_run (tenant_id, asked_at DESC, run_id DESC);
CALL protect('training_run');

-- Every how many days a tenant's model is trained anew; null: never by itself.
CREATE TABLE training_schedule (
  tenant_id uuid NOT NULL DEFAULT current_setting('tenure.tenant')::uuid,
  every_days int CHECK (every_days BETWEEN 1 AND 365),
  PRIMARY KEY (tenant_id)
);
CALL protect('training_schedule');

-- Documents that cannot be read though their model is meant to serve.
CREATE TABLE model_fault (
  tenant_id uuid NOT NULL DEFAULT current_setting('tenure.tenant')::uuid,
  version text NOT NULL,
  noticed_at timestamptz NOT NULL,
  why text NOT NULL,
  serving text,
  mended_at timestamptz,
  PRIMARY KEY (tenant_id, version, noticed_at),
  FOREIGN KEY (tenant_id, version) REFERENCES model
);
CREATE UNIQUE INDEX ON model_fault (tenant_id, version) WHERE mended_at IS NULL;
CALL protect('model_fault');
CALL open_to_owner('model_fault');

-- What the watch saw on a day: served inputs and scores against their reference, forecasts against what came.
CREATE TABLE drift (
  tenant_id uuid NOT NULL DEFAULT current_setting('tenure.tenant')::uuid,
  version text NOT NULL,
  as_of timestamptz NOT NULL,
  accounts int NOT NULL,
  features jsonb NOT NULL,
  score_psi float8,
  calibration jsonb NOT NULL,
  alarms jsonb NOT NULL,
  PRIMARY KEY (tenant_id, version, as_of),
  FOREIGN KEY (tenant_id, version) REFERENCES model
);
CALL protect('drift');

-- These two see every tenant and say nothing of its customers: which tenants have a model, and whose is broken.
CREATE FUNCTION served_tenants() RETURNS TABLE (tenant_id uuid) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT DISTINCT m.tenant_id FROM model_alias AS m WHERE m.alias = 'champion'
$$;
CREATE FUNCTION open_faults() RETURNS TABLE (tenant_id uuid, version text, noticed_at timestamptz, why text, serving text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT f.tenant_id, f.version, f.noticed_at, f.why, f.serving FROM model_fault AS f WHERE f.mended_at IS NULL
$$;

-- Tenants that had a model before are watched from today on, and trained anew within a week.
INSERT INTO work (tenant_id, list, key, wanted, next_at)
SELECT DISTINCT m.tenant_id, later.list, m.tenant_id, 1, now() + later.wait
FROM model_alias AS m, (VALUES ('watch', interval '0'), ('train', interval '7 days')) AS later (list, wait)
WHERE m.alias = 'champion';

-- Scores as they were made, newest first, whoever they are of: for making them again.
CREATE INDEX ON score (tenant_id, scored_at DESC, score_id DESC);

-- How contracts ended, as accounts told, to hold forecasts against; contracts still open are absent.
CREATE TABLE outcome (
  tenant_id uuid NOT NULL DEFAULT current_setting('tenure.tenant')::uuid,
  contract_id uuid NOT NULL,
  account_id uuid NOT NULL,
  ended_on date NOT NULL,
  renewed boolean NOT NULL,
  noted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, contract_id)
);
CREATE INDEX ON outcome (tenant_id, account_id, ended_on DESC);
CREATE INDEX ON outcome (tenant_id, ended_on DESC, contract_id);
CALL protect('outcome');

-- What people expect of an account's next renewal, beside what the model says. Only ever added to.
CREATE TABLE expectation (
  tenant_id uuid NOT NULL DEFAULT current_setting('tenure.tenant')::uuid,
  expectation_id uuid NOT NULL DEFAULT uuidv7(),
  account_id uuid NOT NULL,
  renewal_probability float8 NOT NULL CHECK (renewal_probability BETWEEN 0 AND 1),
  stated_by text NOT NULL,
  stated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  score_id uuid,
  model_probability float8,
  note text,
  PRIMARY KEY (tenant_id, expectation_id)
);
CREATE INDEX ON expectation (tenant_id, account_id, stated_at DESC, expectation_id DESC);
CALL protect('expectation');

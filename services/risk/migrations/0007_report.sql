-- What is said of each model for people to read: a page, a card, its limits. Made once, at training.
CREATE TABLE model_report (
  tenant_id uuid NOT NULL DEFAULT current_setting('tenure.tenant')::uuid,
  version text NOT NULL,
  page bytea NOT NULL,
  card text NOT NULL,
  limits text[] NOT NULL,
  kept_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, version),
  FOREIGN KEY (tenant_id, version) REFERENCES model
);
CALL protect('model_report');

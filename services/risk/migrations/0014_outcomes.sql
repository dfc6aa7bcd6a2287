-- How contracts ended, in versions: what accounts told when. Days are null while a contract is open, maybe again. Of those
-- already here no more is known than the newest.
ALTER TABLE outcome RENAME COLUMN noted_at TO recorded_at;
ALTER TABLE outcome
  ALTER COLUMN recorded_at DROP DEFAULT,
  ALTER COLUMN ended_on DROP NOT NULL,
  ALTER COLUMN renewed DROP NOT NULL,
  ADD CHECK ((ended_on IS NULL) = (renewed IS NULL)),
  DROP CONSTRAINT outcome_pkey,
  ADD PRIMARY KEY (tenant_id, contract_id, recorded_at);
DROP INDEX outcome_tenant_id_account_id_ended_on_idx;
CREATE INDEX ON outcome (tenant_id, account_id, contract_id, recorded_at DESC);

-- How contracts ended, as far as is known now; those still open are absent.
CREATE VIEW outcome_now WITH (security_invoker = true) AS
SELECT o.tenant_id, o.contract_id, o.account_id, o.ended_on, o.renewed
FROM outcome AS o
WHERE o.ended_on IS NOT NULL AND NOT EXISTS (
  SELECT FROM outcome AS later
  WHERE later.tenant_id = o.tenant_id AND later.contract_id = o.contract_id AND later.recorded_at > o.recorded_at
);

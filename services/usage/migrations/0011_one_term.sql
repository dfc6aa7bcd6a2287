-- One table for what ContractChanged tells: seats were kept beside the contract's days as if something else had told them.
-- What was told before `term` was kept is in `purchased` alone, and moves; for this one statement the owner is not
-- bound by the tenant set.
ALTER TABLE purchased NO FORCE ROW LEVEL SECURITY;
ALTER TABLE term NO FORCE ROW LEVEL SECURITY;
INSERT INTO term (tenant_id, account_id, contract_id, recorded_at, start_on, ended_on, seats, outcome)
SELECT tenant_id, account_id, contract_id, recorded_at, start_on, end_on, seats, 'pending' FROM purchased
ON CONFLICT DO NOTHING;
ALTER TABLE term FORCE ROW LEVEL SECURITY;
DROP TABLE purchased;

-- Seats a contract gives, in versions: what was known when.
CREATE VIEW purchased WITH (security_invoker = true) AS
SELECT tenant_id, account_id, contract_id, recorded_at, seats, start_on, ended_on AS end_on FROM term WHERE seats IS NOT NULL;

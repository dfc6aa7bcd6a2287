-- What usage is told of accounts by their log, as its listeners keep it; $1 is the tenant.
WITH accounts_told AS (
  INSERT INTO usage.account_told (tenant_id, account_id, recorded_at, intended_users, internal)
  SELECT tenant_id, id, recorded_at, intended_users, false FROM accounts.account WHERE tenant_id = $1
), known AS (
  INSERT INTO usage.known_account (tenant_id, account_id)
  SELECT DISTINCT tenant_id, id FROM accounts.account WHERE tenant_id = $1
), members AS (
  INSERT INTO usage.member
    (tenant_id, account_id, member_id, recorded_at, external_id, role, internal, started_at, ended_at)
  SELECT tenant_id, account_id, id, recorded_at, external_id, role, internal, started_at, ended_at
  FROM accounts.member WHERE tenant_id = $1
), terms AS (
  INSERT INTO usage.term
    (tenant_id, account_id, contract_id, recorded_at, start_on, end_on, ended_on, term_months, seats, outcome)
  SELECT tenant_id, account_id, id, recorded_at, start_on, end_on, ended_on, term_months, seats, outcome
  FROM accounts.contract WHERE tenant_id = $1
), lines AS (
  INSERT INTO usage.plan_line (tenant_id, account_id, line_id, recorded_at, plan, quantity, started_at, ended_at)
  SELECT tenant_id, account_id, id, recorded_at, plan, quantity, started_at, ended_at
  FROM billing.subscription WHERE tenant_id = $1
)
INSERT INTO usage.completion (tenant_id, account_id, member_id, course, completed_at, recorded_at)
SELECT tenant_id, account_id, member_id, course, occurred_at, min(recorded_at)
FROM learning.progress WHERE tenant_id = $1 AND kind = 'completed'
GROUP BY tenant_id, account_id, member_id, course, occurred_at

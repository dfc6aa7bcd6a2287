"""What accounts keeps in versions."""

from services.accounts.rows import AccountRow, ContractRow, MemberRow, TicketRow
from shared.intake.versioned import Versioned

# Without a date of its beginning, a thing began when we first heard of it.
ADD_ACCOUNTS = """
INSERT INTO accounts.account
  (tenant_id, id, recorded_at, name, traits, tags, intended_users, industry, created_at, digest)
SELECT tenant_id, id, recorded_at, name, traits, tags, intended_users, industry,
  coalesce(created_at,
    (SELECT min(a.created_at) FROM accounts.account AS a WHERE a.id = new.id),
    min(recorded_at) OVER (PARTITION BY id)), digest
FROM jsonb_populate_recordset(NULL::accounts.account, $1) AS new ORDER BY id, recorded_at"""
ADD_MEMBERS = """
INSERT INTO accounts.member
  (tenant_id, id, recorded_at, account_id, external_id, email, role, level, started_at, ended_at,
   internal, digest)
SELECT tenant_id, id, recorded_at, account_id, external_id, email, role, level,
  coalesce(started_at, least(ended_at, coalesce(
    (SELECT min(m.started_at) FROM accounts.member AS m WHERE m.id = new.id),
    min(recorded_at) OVER (PARTITION BY id)))), ended_at, internal, digest
FROM jsonb_populate_recordset(NULL::accounts.member, $1) AS new ORDER BY id, recorded_at"""

ACCOUNT = Versioned("accounts.account", AccountRow, owner="id", insert=ADD_ACCOUNTS)
MEMBER = Versioned("accounts.member", MemberRow, insert=ADD_MEMBERS)
CONTRACT = Versioned("accounts.contract", ContractRow)
TICKET = Versioned("accounts.ticket", TicketRow)

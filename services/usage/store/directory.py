"""What other services say: who there is, by which names, what they signed and learned."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.usage.domain.events import ExternalId
from services.usage.domain.others import (
    AccountFact,
    BillingFact,
    ContractFact,
    LearningFact,
    MemberFact,
)
from shared.platform.db import Conn


async def add_accounts(
    conn: Conn, account_ids: Sequence[UUID], names: Mapping[ExternalId, UUID]
) -> None:
    """From now on events may name these accounts."""
    await conn.execute(
        "INSERT INTO usage.known_account (tenant_id, account_id)"
        " SELECT current_setting('tenure.tenant')::uuid, unnest($1::uuid[])"
        " ON CONFLICT DO NOTHING",
        account_ids,
    )
    await conn.execute(
        "INSERT INTO usage.known_external (tenant_id, source, external_id, account_id)"
        " SELECT current_setting('tenure.tenant')::uuid, *"
        " FROM unnest($1::text[], $2::text[], $3::uuid[]) AS named (source, external_id, account)"
        " ORDER BY source, external_id ON CONFLICT (tenant_id, source, external_id)"
        " DO UPDATE SET account_id = EXCLUDED.account_id",
        [name.source for name in names],
        [name.id for name in names],
        list(names.values()),
    )


async def add_account_versions(conn: Conn, accounts: Sequence[AccountFact]) -> None:
    """New versions of what accounts says of accounts."""
    await conn.execute(
        "INSERT INTO usage.account_told (account_id, recorded_at, intended_users, internal)"
        " SELECT * FROM jsonb_to_recordset($1)"
        " AS f(account_id uuid, recorded_at timestamptz, intended_users int, internal boolean)"
        " ON CONFLICT DO NOTHING",
        accounts,
    )


async def add_terms(conn: Conn, contracts: Sequence[ContractFact]) -> None:
    """New versions of contracts: their days, their seats, and what became of them."""
    await conn.execute(
        "INSERT INTO usage.term (tenant_id, account_id, contract_id, recorded_at, start_on, end_on,"
        " ended_on, term_months, seats, outcome)"
        " SELECT current_setting('tenure.tenant')::uuid, * FROM jsonb_to_recordset($1)"
        " AS f(account_id uuid, contract_id uuid, recorded_at timestamptz, start_on date,"
        " end_on date, ended_on date, term_months int, seats int, outcome text)"
        " ON CONFLICT DO NOTHING",
        contracts,
    )


async def add_members(conn: Conn, members: Sequence[MemberFact]) -> None:
    """New versions of members."""
    await conn.execute(
        "INSERT INTO usage.member (account_id, member_id, recorded_at, external_id, role,"
        " internal, started_at, ended_at)"
        " SELECT * FROM jsonb_to_recordset($1) AS f(account_id uuid, member_id uuid,"
        " recorded_at timestamptz, external_id text, role text, internal boolean,"
        " added_at timestamptz, ended_at timestamptz) ON CONFLICT DO NOTHING",
        members,
    )


async def add_lines(conn: Conn, facts: Sequence[BillingFact]) -> None:
    """New versions of accounts' plan lines."""
    await conn.execute(
        "INSERT INTO usage.plan_line"
        " (account_id, line_id, recorded_at, plan, quantity, started_at, ended_at)"
        " SELECT f.account_id, l.*"
        " FROM jsonb_to_recordset($1) AS f(account_id uuid, lines jsonb),"
        " jsonb_to_recordset(f.lines) AS l(id text, recorded_at timestamptz, plan text,"
        " quantity int, started_at timestamptz, ended_at timestamptz) ON CONFLICT DO NOTHING",
        facts,
    )


async def add_completions(conn: Conn, facts: Sequence[LearningFact]) -> None:
    """Courses that members of accounts completed."""
    await conn.execute(
        "INSERT INTO usage.completion (account_id, member_id, course, completed_at, recorded_at,"
        " required)"
        " SELECT f.account_id, c.*"
        " FROM jsonb_to_recordset($1) AS f(account_id uuid, completed jsonb),"
        " jsonb_to_recordset(f.completed) AS c(member_id uuid, course text,"
        " completed_at timestamptz, recorded_at timestamptz, required boolean)"
        " ON CONFLICT DO NOTHING",
        facts,
    )

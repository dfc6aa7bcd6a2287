"""What other services told: who there is, by which names, what they signed and learned."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.usage.domain.events import Address, Event, ExternalId
from services.usage.domain.others import (
    AccountFact,
    Completion,
    ContractFact,
    MemberFact,
    PlanLine,
)
from services.usage.store.ingest import address_of
from shared.platform.db import Conn, Row


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


async def take_pending(
    conn: Conn, account_ids: Sequence[UUID], names: Sequence[ExternalId]
) -> list[Event]:
    """Remove and give the events that waited for these accounts, or for accounts of these names.

    Those without a history of their own become known now: no older answer may change.
    """
    rows = await conn.fetch(
        # One index a branch: with OR every account would read through all that waits.
        "DELETE FROM usage.pending_event WHERE key IN ("
        " SELECT p.key FROM usage.pending_event AS p WHERE p.account_id = ANY ($1)"
        " UNION ALL SELECT p.key FROM usage.pending_event AS p"
        " JOIN unnest($2::text[], $3::text[]) AS named (source, id)"
        " ON p.external_source = named.source AND p.external_id = named.id)"
        " RETURNING key, account_id, external_source, external_id, occurred_at,"
        " coalesce(known_at, clock_timestamp()) AS recorded_at, quantity, body, feature, member,"
        " properties::text AS properties, event_id",
        account_ids,
        [name.source for name in names],
        [name.id for name in names],
    )
    return [_waited(row) for row in rows]


def _waited(row: Row) -> Event:
    return Event(
        key=row["key"],
        address=address_of(row),
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        quantity=row["quantity"],
        body=row["body"],
        feature=row["feature"],
        member=row["member"],
        properties=row["properties"],
        event_id=row["event_id"],
    )


def addressees(events: Sequence[Event], names: Mapping[ExternalId, UUID]) -> dict[Address, UUID]:
    """The accounts that events name by their id, or by one of these names."""
    addresses = {event.address for event in events}
    by_id = {each: each.account_id for each in addresses if each.account_id is not None}
    return by_id | {each: names[each.external] for each in addresses if each.external is not None}


async def add_account_versions(conn: Conn, accounts: Sequence[AccountFact]) -> None:
    """New versions of what accounts says of accounts."""
    await conn.execute(
        "INSERT INTO usage.account_told (account_id, recorded_at, intended_users, internal)"
        " SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::int[], $4::boolean[])"
        " ON CONFLICT DO NOTHING",
        [account.account_id for account in accounts],
        [account.recorded_at for account in accounts],
        [account.intended_users for account in accounts],
        [account.internal for account in accounts],
    )


async def add_terms(conn: Conn, contracts: Sequence[ContractFact]) -> None:
    """New versions of contracts: their days, their seats, and what became of them."""
    await conn.execute(
        "INSERT INTO usage.term (tenant_id, account_id, contract_id, recorded_at, start_on, end_on,"
        " ended_on, term_months, seats, outcome)"
        " SELECT current_setting('tenure.tenant')::uuid, * FROM unnest($1::uuid[], $2::uuid[],"
        " $3::timestamptz[], $4::date[], $5::date[], $6::date[], $7::int[], $8::int[], $9::text[])"
        " ON CONFLICT DO NOTHING",
        [contract.account_id for contract in contracts],
        [contract.contract_id for contract in contracts],
        [contract.recorded_at for contract in contracts],
        [contract.start_on for contract in contracts],
        [contract.end_on for contract in contracts],
        [contract.ended_on for contract in contracts],
        [contract.term_months for contract in contracts],
        [contract.seats for contract in contracts],
        [contract.outcome for contract in contracts],
    )


async def add_members(conn: Conn, members: Sequence[MemberFact]) -> None:
    """New versions of members."""
    await conn.execute(
        "INSERT INTO usage.member (account_id, member_id, recorded_at, external_id, role,"
        " internal, started_at, ended_at)"
        " SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[],"
        " $6::boolean[], $7::timestamptz[], $8::timestamptz[]) ON CONFLICT DO NOTHING",
        [member.account_id for member in members],
        [member.member_id for member in members],
        [member.recorded_at for member in members],
        [member.external_id for member in members],
        [member.role for member in members],
        [member.internal for member in members],
        [member.added_at for member in members],
        [member.ended_at for member in members],
    )


async def add_lines(conn: Conn, lines: Sequence[tuple[UUID, PlanLine]]) -> None:
    """New versions of accounts' plan lines."""
    await conn.execute(
        "INSERT INTO usage.plan_line"
        " (account_id, line_id, recorded_at, plan, quantity, started_at, ended_at)"
        " SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::int[],"
        " $6::timestamptz[], $7::timestamptz[]) ON CONFLICT DO NOTHING",
        [account_id for account_id, _ in lines],
        [line.id for _, line in lines],
        [line.recorded_at for _, line in lines],
        [line.plan for _, line in lines],
        [line.quantity for _, line in lines],
        [line.started_at for _, line in lines],
        [line.ended_at for _, line in lines],
    )


async def add_completions(conn: Conn, completed: Sequence[tuple[UUID, Completion]]) -> None:
    """Courses that members of accounts completed."""
    await conn.execute(
        "INSERT INTO usage.completion (account_id, member_id, course, completed_at, recorded_at,"
        " required)"
        " SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[],"
        " $5::timestamptz[], $6::boolean[]) ON CONFLICT DO NOTHING",
        [account_id for account_id, _ in completed],
        [each.member_id for _, each in completed],
        [each.course for _, each in completed],
        [each.completed_at for _, each in completed],
        [each.recorded_at for _, each in completed],
        [each.required for _, each in completed],
    )

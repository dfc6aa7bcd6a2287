"""What accounts tell us: who there is, by which names, and what they purchased."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.usage.domain.events import Event, ExternalId
from services.usage.domain.facts import ContractChanged
from services.usage.store.ingest import address_of
from shared.platform.db import Conn, Row


async def add_account(conn: Conn, account_id: UUID, externals: Sequence[ExternalId]) -> None:
    """From now on events may name this account."""
    await conn.execute(
        "INSERT INTO usage.known_account (tenant_id, account_id)"
        " VALUES (current_setting('tenure.tenant')::uuid, $1) ON CONFLICT DO NOTHING",
        account_id,
    )
    await conn.execute(
        "INSERT INTO usage.known_external (tenant_id, source, external_id, account_id)"
        " SELECT current_setting('tenure.tenant')::uuid, source, external_id, $1"
        " FROM unnest($2::text[], $3::text[]) AS named(source, external_id)"
        " ORDER BY 2, 3 ON CONFLICT (tenant_id, source, external_id)"
        " DO UPDATE SET account_id = EXCLUDED.account_id",
        account_id,
        [external.source for external in externals],
        [external.id for external in externals],
    )


async def take_pending(
    conn: Conn, account_id: UUID, externals: Sequence[ExternalId]
) -> list[Event]:
    """Remove and give the events that waited for this account.

    Those without a history of their own become known now: no older answer may change.
    """
    rows = await conn.fetch(
        # One index a branch: with OR every account would read through all that waits.
        "DELETE FROM usage.pending_event WHERE key IN ("
        " SELECT p.key FROM usage.pending_event AS p WHERE p.account_id = $1"
        " UNION ALL SELECT p.key FROM usage.pending_event AS p"
        " JOIN unnest($2::text[], $3::text[]) AS named (source, id)"
        " ON p.external_source = named.source AND p.external_id = named.id)"
        " RETURNING key, account_id, external_source, external_id, occurred_at,"
        " coalesce(known_at, clock_timestamp()) AS recorded_at, quantity, body, feature, member,"
        " properties::text AS properties, event_id",
        account_id,
        [external.source for external in externals],
        [external.id for external in externals],
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


async def add_contract(conn: Conn, contract: ContractChanged, recorded_at: datetime) -> None:
    """A new version of what a contract gives, and until when."""
    await conn.execute(
        "INSERT INTO usage.purchased"
        " (tenant_id, account_id, contract_id, recorded_at, seats, start_on, end_on)"
        " VALUES (current_setting('tenure.tenant')::uuid, $1, $2, $3, $4, $5, $6)"
        " ON CONFLICT DO NOTHING",
        contract.account_id,
        contract.contract_id,
        recorded_at,
        contract.seats,
        contract.start_on,
        contract.ended_on,
    )

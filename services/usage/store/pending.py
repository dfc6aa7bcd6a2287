"""Events that wait for their account: how many there may be, which may go on, and taking them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

from services.usage.domain.events import Address, Event, ExternalId
from services.usage.store.ingest import address_of
from shared.platform import telemetry
from shared.platform.db import Conn, to
from shared.process.work import WorkList

TAKE = (Path(__file__).parent / "take_pending.sql").read_text()
MOVE = (Path(__file__).parent / "move_pending.sql").read_text()


async def waiting_events(conn: Conn) -> int:
    """How many events of the tenant wait."""
    events: int = await conn.fetchval(
        "SELECT coalesce(sum(events), 0)::bigint FROM usage.pending_count"
    )
    return events


async def take(conn: Conn, accounts: Mapping[Address, UUID], each: int, most: int) -> list[Event]:
    """Remove and give events that wait under these addresses, of each so many and not more in all.

    Those without a history of their own become known now: no older answer may change.
    """
    rows = await conn.fetch(TAKE, *_columns(list(accounts)), each, most)
    return [to(Event, row, address=address_of(row)) for row in rows]


async def move(conn: Conn, groups: Mapping[Address, ExternalId], each: int, most: int) -> int:
    """Have events that wait under these addresses wait for their groups; how many were moved."""
    targets = list(groups.values())
    status = await conn.execute(
        MOVE,
        *_columns(list(groups)),
        [target.source for target in targets],
        [target.id for target in targets],
        each,
        most,
    )
    return int(status.removeprefix("UPDATE "))


async def occupied(conn: Conn, addresses: Sequence[Address]) -> list[Address]:
    """Those of the addresses under which events wait."""
    rows = await conn.fetch(
        "SELECT d.* FROM unnest($1::uuid[], $2::text[], $3::text[])"
        " AS d(account_id, external_source, external_id)"
        " WHERE EXISTS (SELECT FROM usage.pending_event AS p WHERE p.account_id = d.account_id)"
        " OR EXISTS (SELECT FROM usage.pending_event AS p"
        "  WHERE p.external_source = d.external_source AND p.external_id = d.external_id)",
        *_columns(addresses),
    )
    return [address_of(row) for row in rows]


async def add_due(conn: Conn, addresses: Sequence[Address], work_list: WorkList) -> None:
    """Have what waits under these addresses taken, bite by bite, by who does that list."""
    await conn.execute(
        "INSERT INTO usage.due_address (tenant_id, account_id, external_source, external_id)"
        " SELECT current_setting('tenure.tenant')::uuid, *"
        " FROM unnest($1::uuid[], $2::text[], $3::text[]) AS d ON CONFLICT DO NOTHING",
        *_columns(addresses),
    )
    await mark_due(conn, work_list)


async def mark_due(conn: Conn, work_list: WorkList) -> None:
    """Ask for the next bite, if there is any; the key is the tenant's, so that each has a turn."""
    await conn.execute(
        "SELECT mark_work($1, ARRAY[current_setting('tenure.tenant')::uuid], interval '0', $2)"
        " WHERE EXISTS (SELECT FROM usage.due_address)",
        work_list.name,
        telemetry.traceparent(),
    )


async def due(conn: Conn, most: int) -> list[Address]:
    """Addresses from which events may go on."""
    rows = await conn.fetch("SELECT * FROM usage.due_address LIMIT $1", most)
    return [address_of(row) for row in rows]


async def remove_due(conn: Conn, addresses: Sequence[Address]) -> None:
    """Nothing waits under these any more, or it leads nowhere."""
    await conn.execute(
        "DELETE FROM usage.due_address AS a USING unnest($1::uuid[], $2::text[], $3::text[])"
        " AS d(account_id, source, id) WHERE a.account_id = d.account_id"
        " OR (a.external_source = d.source AND a.external_id = d.id)",
        *_columns(addresses),
    )


def _columns(
    addresses: Sequence[Address],
) -> tuple[list[UUID | None], list[str | None], list[str | None]]:
    externals = [address.external for address in addresses]
    return (
        [address.account_id for address in addresses],
        [external.source if external else None for external in externals],
        [external.id if external else None for external in externals],
    )

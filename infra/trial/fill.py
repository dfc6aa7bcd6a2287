"""A simulated tenant copied straight into migrated tables: minutes, where the API takes hours.

A test holds that the services then tell the same as after a load through the API.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg

from infra.trial.columns import PLACES
from ml.simulation.rows import Batch
from shared.auth import create_tenant

HERE: Final = Path(__file__).parent
BLOCK: Final = 200_000
"""Rows copied at a time."""

STAGED: Final = ("account_id", "member", "feature", "occurred_at", "recorded_at", "quantity")

Step = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done and how much there is."""


async def fill(dsn: str, name: str, batches: Iterable[Batch], step: Step) -> UUID:
    """Copy a tenant's rows as the owner of all schemas; the new tenant.

    Events go into the days that they are counted in, not one by one: at a midnight nothing else is
    read. The courses' catalogue is left out, no signal asks for it.
    """
    conn: asyncpg.Connection = await asyncpg.connect(dsn, command_timeout=600)
    try:
        tenant_id = await create_tenant(conn, name)
        for batch in batches:
            if batch.kind == "events":
                await _events(conn, tenant_id, batch, step)
            elif batch.kind in PLACES:
                await _rows(conn, tenant_id, batch, step)
        await conn.execute((HERE / "told.sql").read_text(), tenant_id)
        await conn.execute("ANALYZE")
        return tenant_id
    finally:
        await conn.close()


async def _rows(conn: asyncpg.Connection, tenant_id: UUID, batch: Batch, step: Step) -> None:
    place = PLACES[batch.kind]
    done = 0
    for block in blocks(place.records(tenant_id, batch.rows), BLOCK):
        await conn.copy_records_to_table(
            place.table, schema_name=place.schema, columns=place.columns, records=block
        )
        done += len(block)
        step(batch.kind, done, batch.total)


async def _events(conn: asyncpg.Connection, tenant_id: UUID, batch: Batch, step: Step) -> None:
    await conn.execute(
        "CREATE TEMPORARY TABLE staged_event (account_id uuid, member text, feature text,"
        " occurred_at timestamptz, recorded_at timestamptz, quantity float8)"
    )
    rolled = (HERE / "rolled.sql").read_text()
    done = 0
    for block in blocks(batch.rows, BLOCK):
        await conn.execute("TRUNCATE staged_event")
        records = [_staged(event) for event in block]
        await conn.copy_records_to_table("staged_event", columns=STAGED, records=records)
        await conn.execute(rolled, tenant_id)
        done += len(block)
        step(batch.kind, done, batch.total)
    await conn.execute("DROP TABLE staged_event")


def _staged(event: Any) -> tuple[Any, ...]:
    times = (event.occurred_at, event.recorded_at)
    return (event.account_id, str(event.member_id), event.feature, *times, float(event.quantity))


def blocks(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Rows in lists of `size`, the last one shorter."""
    left = iter(rows)
    while block := list(islice(left, size)):
        yield block

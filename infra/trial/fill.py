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
from ml.simulation.days import Day
from ml.simulation.rows import Batch
from ml.simulation.tenant import Tenant
from shared.platform.auth import create_tenant

HERE: Final = Path(__file__).parent
BLOCK: Final = 200_000
"""Rows copied at a time."""

Step = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done and how much there is."""


async def fill(dsn: str, name: str, tenant: Tenant, step: Step) -> UUID:
    """Copy a tenant's rows as the owner of all schemas; the new tenant.

    Use goes into the days that it is counted in, not event by event: at a midnight nothing else is
    read. The courses' catalogue is left out, no signal asks for it.
    """
    conn: asyncpg.Connection = await asyncpg.connect(dsn, command_timeout=600)
    try:
        tenant_id = await create_tenant(conn, name)
        for batch in tenant.without_events():
            if batch.kind in PLACES:
                await _rows(conn, tenant_id, batch, step)
        await _use(conn, tenant_id, tenant, step)
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


async def _use(conn: asyncpg.Connection, tenant_id: UUID, tenant: Tenant, step: Step) -> None:
    step("use", 0, 1)
    await conn.copy_records_to_table(
        "daily",
        schema_name="usage",
        columns=["tenant_id", *Day._fields],
        records=((tenant_id, *day) for day in tenant.days()),
    )
    step("use", 1, 1)


def blocks(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Rows in lists of `size`, the last one shorter."""
    left = iter(rows)
    while block := list(islice(left, size)):
        yield block

"""Batches that overlap: in any order they deadlock, sorted they wait; both stepped by hand."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.usage.actions import ingest as ingest_actions
from services.usage.domain import events as events_domain
from services.usage.domain.events import Event, EventRow
from services.usage.domain.work_lists import ANNOUNCE
from services.usage.store import ingest as ingest_store
from shared.intake.rows import NumberedRow
from shared.platform.auth import Principal
from shared.platform.db import Conn, Database
from tests.services.usage.examples import an_account, event, send, statuses

WAITING = """
SELECT pid, pg_blocking_pids(pid) AS blockers FROM pg_stat_activity
WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0
"""


async def waiting(owner: Conn, number: int) -> dict[int, set[int]]:
    """Who waits for whom, as soon as so many wait."""
    async with asyncio.timeout(20):
        while True:
            blockers = {row["pid"]: set(row["blockers"]) for row in await owner.fetch(WAITING)}
            if len(blockers) >= number:
                return blockers
            await asyncio.sleep(0.01)


def as_event(row: dict[str, Any]) -> Event:
    return events_domain.event(
        EventRow(
            id=row["id"],
            feature=row["feature"],
            occurred_at=row["occurredAt"],
            account_id=str(row["accountId"]),
        )
    )


def in_key_order(accounts: Sequence[UUID]) -> list[dict[str, Any]]:
    """An event of each account; their keys rise in the order given."""
    rows: list[dict[str, Any]] = []
    for account in accounts:
        for number in count():
            row = event(account, id=f"{uuid4()} {number}", occurredAt=datetime.now(UTC))
            if not rows or as_event(row).key > as_event(rows[-1]).key:
                rows.append(row)
                break
    return rows


async def three_accounts(db: Database, caller: Principal) -> list[UUID]:
    """Known, in the order of their ids; the tenant's calendar and feature are there already."""
    accounts = sorted([await an_account(db, caller.tenant_id) for _ in range(3)])
    await send(db, caller, [event(accounts[0])])
    return accounts


async def one_by_one(db: Database, tenant: UUID, rows: Sequence[Event], go: asyncio.Barrier) -> int:
    """Events taken in the order given: when each has its first, both reach for their second."""
    async with db.write(tenant) as conn:
        count = 0
        for row in rows:
            accounts = {row.address: row.address.account_id or uuid4()}
            count += len(await ingest_store.record(conn, "UTC", [row], accounts, ANNOUNCE))
            if row is rows[0]:
                await go.wait()
        return count


async def test_events_taken_as_they_come_deadlock(
    db: Database, tenant: UUID, principal: Principal
) -> None:
    first, _, last = map(as_event, in_key_order(await three_accounts(db, principal)))
    go = asyncio.Barrier(2)

    ends = await asyncio.gather(
        one_by_one(db, tenant, [first, last], go),
        one_by_one(db, tenant, [last, first], go),
        return_exceptions=True,
    )

    failed = [end for end in ends if not isinstance(end, int)]
    assert [type(end) for end in failed] == [asyncpg.DeadlockDetectedError]
    assert [end for end in ends if isinstance(end, int)] == [2]


async def sends(conn: Conn, caller: Principal, rows: Sequence[dict[str, Any]]) -> list[str]:
    numbered = [NumberedRow(number, as_event(row)) for number, row in enumerate(rows)]
    receipts = await ingest_actions.take_good(conn, caller, numbered)
    return statuses(sorted(receipts, key=lambda receipt: receipt.row))


async def alone(
    db: Database, caller: Principal, rows: Sequence[dict[str, Any]], pids: list[int]
) -> list[str]:
    """A batch by the way every batch goes, in a transaction of its own."""
    async with db.write(caller.tenant_id) as conn:
        pids.append(await conn.fetchval("SELECT pg_backend_pid()"))
        return await sends(conn, caller, rows)


@pytest.mark.parametrize("clash", ["of events", "of days and marks"])
async def test_the_same_rows_by_the_real_way_wait_in_one_line(
    db: Database, tenant: UUID, principal: Principal, owner: Conn, clash: str
) -> None:
    """A third transaction holds the middle row, so that both are caught halfway: the one that came
    second has not got hold of anything that the first will still want."""
    accounts = await three_accounts(db, principal)
    rows = in_key_order(accounts)
    if clash == "of events":
        blocker, other, statuses = (
            rows[1],
            rows[::-1],
            (["accepted", "duplicate", "accepted"], "duplicate"),
        )
    else:  # other events of the same days, whose keys rise while their accounts fall
        blocker, other = event(accounts[1]), in_key_order(accounts[::-1])
        statuses = (["accepted"] * 3, "accepted")

    pids: list[int] = []
    async with db.write(tenant) as gate:
        await sends(gate, principal, [blocker])
        first = asyncio.create_task(alone(db, principal, rows, pids))
        await waiting(owner, 1)
        second = asyncio.create_task(alone(db, principal, other, pids))
        line = await waiting(owner, 2)
        pids.insert(0, await gate.fetchval("SELECT pg_backend_pid()"))

    assert line == {pids[1]: {pids[0]}, pids[2]: {pids[1]}}
    assert (await first, await second) == (statuses[0], [statuses[1]] * 3)
    events = 4 if clash == "of events" else 8
    assert await owner.fetchval("SELECT count(*) FROM usage.event") == events
    assert await owner.fetchval("SELECT sum(events) FROM usage.daily") == events

"""The durable log: order, no gaps, offset and effect together, poison set aside."""

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, Coroutine
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.platform.db import Conn, Database
from shared.process import facts
from shared.process.loops import cancel
from shared.vocabulary.errors import InvalidInput, ServiceUnavailable
from tests.conftest import DatabaseOf


@dataclass(frozen=True, slots=True)
class Happened:
    number: int


@contextlib.asynccontextmanager
async def running(*loops: Coroutine[Any, Any, None]) -> AsyncGenerator[list["asyncio.Task[None]"]]:
    """Background loops, as a process runs them."""
    tasks = [asyncio.create_task(loop) for loop in loops]
    try:
        yield tasks
    finally:
        for task in tasks:
            await cancel(task)


async def emitted(db: Database, tenant: UUID, account: UUID, *numbers: int) -> None:
    for number in numbers:
        async with db.write(tenant) as conn:
            await facts.emit(conn, account, Happened(number))


async def test_a_fact_leaves_with_its_transaction_or_not_at_all(
    database: DatabaseOf, tenant: UUID
) -> None:
    db = await database("billing")

    async def emitted_then_failed() -> None:
        async with db.write(tenant) as conn:
            await facts.emit(conn, uuid4(), Happened(1))
            raise InvalidInput("number", 1, "another")

    with pytest.raises(InvalidInput):
        await emitted_then_failed()

    await facts.relay_all(db)

    assert await facts.Log(db, "billing").page(0, 10, 0, None) == []


async def test_positions_have_no_gaps_and_accounts_keep_their_order(
    database: DatabaseOf, tenant: UUID
) -> None:
    db = await database("billing")
    accounts = [uuid4() for _ in range(4)]
    writers = [emitted(db, tenant, account, *range(25)) for account in accounts for _ in range(2)]
    relays = [relayed_for_a_while(db) for _ in range(3)]
    await asyncio.gather(*writers, *relays)
    await facts.relay_all(db)

    entries = await facts.Log(db, "billing").page(0, 1_000, 0, None)

    assert [entry.position for entry in entries] == list(range(1, 201))
    for account in accounts:
        sequences = [entry.sequence for entry in entries if entry.account_id == account]
        assert sequences == list(range(1, 51))


async def test_many_facts_at_once_keep_the_order_given_and_the_sequence_of_each_account(
    database: DatabaseOf, tenant: UUID
) -> None:
    db = await database("billing")
    accounts = [uuid4() for _ in range(4)]

    async def sender(first: int) -> None:
        numbers = range(first, first + 25)
        batch = [(account, Happened(number)) for number in numbers for account in accounts]
        for part in range(0, len(batch), 20):
            async with db.write(tenant) as conn:
                await facts.emit_all(conn, batch[part : part + 20])
                await facts.emit_all(conn, [])

    await asyncio.gather(sender(0), sender(100), sender(200))
    await facts.relay_all(db)

    entries = await facts.Log(db, "billing").page(0, 1_000, 0, None)
    assert len(entries) == 3 * 25 * 4
    for account in accounts:
        own = [entry for entry in entries if entry.account_id == account]
        assert [entry.sequence for entry in own] == list(range(1, 76))
        for first in (0, 100, 200):
            numbers = [entry.payload["number"] for entry in own]
            assert [n for n in numbers if n // 100 * 100 == first] == list(range(first, first + 25))


async def relayed_for_a_while(db: Database) -> None:
    for _ in range(30):
        async with db.pool.acquire() as conn:
            await conn.fetchval("SELECT relay_step(7)")
        await asyncio.sleep(0.005)


async def test_a_reader_waits_for_news_and_is_woken(database: DatabaseOf, tenant: UUID) -> None:
    db = await database("billing")
    log = facts.Log(db, "billing")
    async with running(log.relay(), log.listen()):
        waiting = asyncio.create_task(log.page(0, 10, 5, tenant))
        await asyncio.sleep(0.1)

        await emitted(db, tenant, uuid4(), 7)

        entries = await asyncio.wait_for(waiting, 3)
    assert [entry.payload for entry in entries] == [{"number": 7}]


async def test_eighty_readers_that_leave_at_any_instant_leave_the_log_to_the_others(
    database: DatabaseOf, tenant: UUID
) -> None:
    """On Python 3.11 `wait_for` around a condition could leave with its lock, for ever."""
    db = await database("billing")
    log, chance = facts.Log(db, "billing"), random.Random(10)  # noqa: S311 - no secret
    async with running(log.relay(), log.listen()):
        for _ in range(6):
            readers = [asyncio.create_task(log.page(0, 10, 0.5, tenant)) for _ in range(80)]
            await asyncio.gather(*(leave(reader, chance.gauss(0.502, 0.002)) for reader in readers))

        reading = asyncio.create_task(log.page(0, 10, 3, tenant))
        await emitted(db, tenant, uuid4(), 7)
        await asyncio.wait({reading}, timeout=3)
    assert reading.done(), "nobody can read this log any more"
    assert [entry.payload for entry in reading.result()] == [{"number": 7}]


async def leave(reader: "asyncio.Task[Any]", after_s: float) -> None:
    await asyncio.sleep(after_s)
    reader.cancel()
    await asyncio.wait({reader}, timeout=1)


async def test_a_tenant_reads_only_its_own_part_of_the_log(
    database: DatabaseOf, tenant: UUID, other_tenant: UUID
) -> None:
    db = await database("billing")
    await emitted(db, tenant, uuid4(), 1)
    await emitted(db, other_tenant, uuid4(), 2)
    await facts.relay_all(db)
    log = facts.Log(db, "billing")

    assert [entry.payload["number"] for entry in await log.page(0, 10, 0, tenant)] == [1]
    assert [entry.payload["number"] for entry in await log.page(0, 10, 0, None)] == [1, 2]


async def test_facts_flow_on_however_often_the_database_ends_our_connections(
    database: DatabaseOf, owner: Conn, tenant: UUID
) -> None:
    db = await database("billing")
    log = facts.Log(db, "billing")
    async with running(log.relay(), log.listen()) as loops:
        for _ in range(40):
            await owner.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = 'tenure_billing'"
            )
            with contextlib.suppress(ServiceUnavailable):
                await emitted(db, tenant, uuid4(), 1)

        total = await owner.fetchval("SELECT count(*) FROM billing.account_stream")
        async with asyncio.timeout(10):
            relayed = "SELECT count(*) FROM billing.event_log"
            while await owner.fetchval(relayed) < total:  # noqa: ASYNC110 - told no other way
                await asyncio.sleep(0.05)
        assert [loop.done() for loop in loops] == [False, False]

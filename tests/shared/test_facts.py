"""The durable log: order, no gaps, offset and effect together, poison set aside."""

import asyncio
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from shared import facts
from shared.db import Database
from shared.errors import InvalidInput
from tests.conftest import DatabaseOf


@dataclass(frozen=True, slots=True)
class Happened:
    number: int


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


async def relayed_for_a_while(db: Database) -> None:
    for _ in range(30):
        async with db.pool.acquire() as conn:
            await conn.fetchval("SELECT relay_step(7)")
        await asyncio.sleep(0.005)


async def test_a_reader_waits_for_news_and_is_woken(database: DatabaseOf, tenant: UUID) -> None:
    db = await database("billing")
    log = facts.Log(db, "billing")
    loops = [asyncio.create_task(log.relay()), asyncio.create_task(log.listen())]
    waiting = asyncio.create_task(log.page(0, 10, 5, tenant))
    await asyncio.sleep(0.1)

    await emitted(db, tenant, uuid4(), 7)

    entries = await asyncio.wait_for(waiting, 3)
    assert [entry.payload for entry in entries] == [{"number": 7}]
    for loop in loops:
        loop.cancel()


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

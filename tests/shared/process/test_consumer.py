"""Hearing another service's log: once, in order, by page, and nobody waits for another's poison."""

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from shared.platform.config import Settings
from shared.platform.db import Conn, Database, prepare, set_tenant
from shared.process import facts, retries
from shared.process.consumer import Consumer
from shared.process.rpc import Rpc
from shared.process.service import Service, build
from tests.conftest import DatabaseOf
from tests.processes import serving

POISON = 13


@dataclass(frozen=True, slots=True)
class Happened:
    number: int


@dataclass(frozen=True, slots=True)
class Copied:
    number: int


@dataclass
class Ear:
    """A service that follows the log of billing, and keeps what it heard as facts of its own."""

    billing: Database
    risk: Database
    owner: Conn
    rpc: Rpc
    url: str
    pages: list[list[int]] = field(default_factory=list)

    def consumer(self) -> Consumer:
        return Consumer(self.risk, self.rpc, "billing", {self.listen: ["Happened"]})

    async def listen(self, conn: Conn, happened: Sequence[Happened]) -> None:
        self.pages.append([fact.number for fact in happened])
        if any(fact.number == POISON for fact in happened):
            raise ValueError("cannot be understood")
        account = UUID(int=happened[0].number // 100)
        await facts.emit_all(conn, [(account, Copied(fact.number)) for fact in happened])

    async def tell(self, tenant: UUID, facts_of: Sequence[tuple[UUID, int]]) -> None:
        async with self.billing.write(tenant) as conn:
            for account, number in facts_of:
                await facts.emit(conn, account, Happened(number))
        await facts.relay_all(self.billing)

    async def numbers(self, tenant: UUID) -> list[int]:
        """What was kept, in the order in which it was."""
        rows = await self.owner.fetch(
            "SELECT (payload ->> 'number')::int AS number FROM risk.outbox"
            " WHERE tenant_id = $1 ORDER BY id",
            tenant,
        )
        return [row["number"] for row in rows]

    async def dead(self) -> list[int]:
        rows = await self.owner.fetch(
            "SELECT (payload ->> 'number')::int AS number FROM risk.dead_letter ORDER BY position"
        )
        return [row["number"] for row in rows]

    async def position(self) -> int:
        position = await self.owner.fetchval("SELECT max(position) FROM risk.consumer_offset")
        return position or 0


@pytest.fixture
async def ear(settings: Settings, database: DatabaseOf, owner: Conn) -> AsyncIterator[Ear]:
    app = build(Service("billing"), settings)
    async with serving(app, settings.service_port("billing")), Rpc(settings) as rpc:
        yield Ear(
            await database("billing"),
            await database("risk"),
            owner,
            rpc,
            settings.service_database_url("risk"),
        )


async def settled(consumer: Consumer) -> None:
    """Everything pulled, and tried again until nothing waits."""
    while await consumer.step():
        pass
    while await consumer.retries.round():
        pass


async def test_a_page_is_heard_at_once_by_account_and_each_in_order(ear: Ear, tenant: UUID) -> None:
    first, second = sorted([uuid4(), uuid4()])
    await ear.tell(tenant, [(second, 1), (first, 2), (second, 3), (first, 4)])

    assert await ear.consumer().step() == 4

    assert ear.pages == [[2, 4, 1, 3]]
    assert await ear.position() == 4


async def test_poison_goes_to_the_dead_letters_after_its_tries_and_its_neighbours_flow(
    ear: Ear, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE", timedelta(0))
    sick, well = sorted([uuid4(), uuid4()])
    await ear.tell(tenant, [(sick, 1), (sick, POISON), (sick, 3), (well, 4)])
    consumer = ear.consumer()
    await consumer.step()

    await consumer.retries.round()
    assert await ear.numbers(tenant) == [1, 4], "its account waits behind it, the other does not"
    await ear.tell(tenant, [(sick, 5), (well, 6)])
    await consumer.step()
    assert await ear.numbers(tenant) == [1, 4, 6], "what is told later waits in its place"

    await settled(consumer)
    assert await ear.numbers(tenant) == [1, 4, 6, 3, 5]
    assert await ear.dead() == [POISON]
    assert ear.pages.count([POISON]) == retries.TRIES


async def test_one_tenants_poison_holds_up_nobody_else(
    ear: Ear, tenant: UUID, other_tenant: UUID
) -> None:
    await ear.tell(tenant, [(uuid4(), POISON) for _ in range(100)])
    await ear.tell(other_tenant, [(uuid4(), 2)])

    await ear.consumer().step()

    assert await ear.numbers(other_tenant) == [2]
    assert ear.pages == [[POISON] * 100, [2]] or ear.pages == [[2], [POISON] * 100]


async def test_a_tenant_whose_rows_are_locked_is_caught_up_on_apart(
    ear: Ear, tenant: UUID, other_tenant: UUID
) -> None:
    await ear.tell(tenant, [(uuid4(), 1)])
    await ear.tell(other_tenant, [(uuid4(), 2)])
    consumer = ear.consumer()
    begun = time.monotonic()
    async with ear.risk.write(tenant) as conn:
        await facts.emit(conn, UUID(int=0), Copied(0))  # a row that hearing needs
        await consumer.step()
        assert time.monotonic() - begun < 2
        assert await ear.numbers(other_tenant) == [2]

    await consumer.retries.round()

    assert await ear.numbers(tenant) == [0, 1]
    assert await ear.dead() == []


async def test_a_page_waits_once_for_all_tenants_whose_rows_are_locked(
    ear: Ear, tenant: UUID
) -> None:
    slow = [uuid4() for _ in range(12)]
    for each in (*slow, tenant):
        await ear.tell(each, [(uuid4(), 1)])
    async with contextlib.AsyncExitStack() as locks:
        for each in slow:
            conn = await locks.enter_async_context(locked(ear.url, each))
            await facts.emit(conn, UUID(int=0), Copied(0))
        begun = time.monotonic()
        await ear.consumer().step()

        assert time.monotonic() - begun < 1.5, "and not a quarter of a second for each"
        assert await ear.numbers(tenant) == [1]


@contextlib.asynccontextmanager
async def locked(url: str, tenant: UUID) -> AsyncGenerator[Conn]:
    """A transaction of the tenant on a connection of its own."""
    conn = await asyncpg.connect(url)
    try:
        await prepare(conn)
        async with conn.transaction():
            await set_tenant(conn, tenant)
            yield conn
    finally:
        await conn.close()


async def test_a_tenant_that_takes_too_long_is_caught_up_on_apart(
    ear: Ear, tenant: UUID, other_tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.process.consumer.STATEMENT_TIMEOUT", "300ms")

    async def dawdle(conn: Conn, happened: Sequence[Happened]) -> None:
        if happened[0].number == POISON:
            await conn.execute("SELECT pg_sleep(1)")
        await facts.emit(conn, uuid4(), Copied(happened[0].number))

    await ear.tell(tenant, [(uuid4(), POISON)])
    await ear.tell(other_tenant, [(uuid4(), 2)])
    consumer = Consumer(ear.risk, ear.rpc, "billing", {dawdle: ["Happened"]})
    await consumer.step()
    assert (await ear.numbers(tenant), await ear.numbers(other_tenant)) == ([], [2])

    await consumer.retries.round()

    assert await ear.numbers(tenant) == [POISON], "where it holds up nobody, it may take longer"


async def test_effect_and_position_commit_together_or_not_at_all(ear: Ear, tenant: UUID) -> None:
    await ear.tell(tenant, [(uuid4(), 1), (uuid4(), 2)])
    broken = Consumer(ear.risk, ear.rpc, "billing", {ear.listen: ["Happened"], cut: ["Happened"]})

    with pytest.raises(Exception, match="went away"):
        await broken.step()

    assert (await ear.numbers(tenant), await ear.position()) == ([], 0)
    await ear.consumer().step()
    assert (sorted(await ear.numbers(tenant)), await ear.position()) == ([1, 2], 2)


async def cut(conn: Conn, happened: Sequence[Happened]) -> None:
    """The connection breaks after others have had their effect."""
    raise ConnectionResetError


async def test_two_processes_of_a_service_hear_everything_once(ear: Ear, tenant: UUID) -> None:
    account = uuid4()
    await ear.tell(tenant, [(account, number) for number in range(1, 10)])

    await asyncio.gather(*(settled(ear.consumer()) for _ in range(3)))

    assert await ear.numbers(tenant) == list(range(1, 10))


async def vague(conn: Conn, happened: Sequence[object], more: int = 0) -> None:
    """Nobody can tell what it hears."""


def test_a_listener_that_does_not_say_what_it_hears_is_refused_at_the_start() -> None:
    with pytest.raises(TypeError, match="vague does not say which facts it hears"):
        Service("risk", listeners={"billing": {vague: ["Happened"]}})


ACCOUNTS = [UUID(int=number) for number in range(1, 4)]
FACTS = st.tuples(st.integers(0, 1), st.sampled_from(ACCOUNTS), st.sampled_from("goooo"))
PAGES = st.lists(st.lists(FACTS, max_size=12), min_size=1, max_size=3)


@examples(max_examples=30)
@given(pages=PAGES)
async def test_whatever_is_told_all_but_poison_is_heard_once_and_in_order(
    ear: Ear, monkeypatch: pytest.MonkeyPatch, pages: list[list[tuple[int, UUID, str]]]
) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE", timedelta(0))
    tenants, consumer = (uuid4(), uuid4()), ear.consumer()
    expected: dict[tuple[UUID, UUID], list[int]] = defaultdict(list)
    number, poisons = 100, len(await ear.dead())
    for page in pages:
        for place, account, kind in page:
            number += 1
            is_poison = kind == "g"
            await ear.tell(tenants[place], [(account, POISON if is_poison else number)])
            poisons += is_poison
            if not is_poison:
                expected[tenants[place], account].append(number)
        await consumer.step()
    await settled(consumer)

    numbers_of = {tenant: await ear.numbers(tenant) for tenant in tenants}
    assert sum(map(len, numbers_of.values())) == sum(map(len, expected.values()))
    for (tenant, _), numbers in expected.items():
        assert [each for each in numbers_of[tenant] if each in numbers] == numbers
    assert len(await ear.dead()) == poisons

"""Places go to whoever has the fewest, no share is exceeded, and the unknown do not stay."""

import asyncio
from collections import Counter
from contextlib import suppress
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.platform.config import Settings
from shared.platform.db import connect
from shared.platform.gates import Busy, Gate, Limit, Room
from shared.vocabulary.errors import OverShare

LIMIT = Limit("things", whole=6, tenant=3, key=2)
CALLERS = st.lists(
    st.tuples(st.sampled_from("ABC"), st.sampled_from("xyz"), st.booleans()), max_size=60
)


def test_a_refusal_says_which_limit_its_size_and_when_to_come_again() -> None:
    gate = Gate(LIMIT)
    with gate.enter("A", "x"), gate.enter("A", "x"):
        with pytest.raises(OverShare, match="2 things of this key are under way, of at most 2;"):
            gate.take(1, "A", "x")
        with gate.enter("A", "y"), pytest.raises(OverShare, match=r"of your tenant .* at most 3;"):
            gate.take(1, "A", "z")
        with gate.enter("B", "x"), gate.enter("B", "y"), gate.enter("C", "x"):
            gate.take(1, "C", "y")
            with pytest.raises(Busy, match=r"6 things of all callers .* at most 6; .* in 1 s"):
                gate.take(1, "C", "z")
            gate.give_back(1, "C", "y")
    assert gate.count() == 0


@given(CALLERS)
def test_no_share_is_exceeded_and_everybody_has_a_turn_whoever_leaves(
    callers: list[tuple[str, str, bool]],
) -> None:
    most: Counter[tuple[str, ...]] = Counter()

    async def visit(gate: Gate, tenant: str, key: str) -> None:
        async with gate.turn(tenant, key):
            for name in ((), (tenant,), (tenant, key)):
                most[name] = max(most[name], gate.count(*name))
            await asyncio.sleep(0)

    async def all_of_them() -> None:
        gate = Gate(LIMIT)
        tasks = [asyncio.create_task(visit(gate, tenant, key)) for tenant, key, _ in callers]
        await asyncio.sleep(0)
        for task, (_, _, leaves) in zip(tasks, callers, strict=True):
            if leaves:
                task.cancel()
                await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await asyncio.gather(*tasks, return_exceptions=True)
        assert [
            task for task, caller in zip(tasks, callers, strict=True) if _failed(task, caller)
        ] == []
        assert gate.count() == 0

    asyncio.run(all_of_them())
    assert all(number <= LIMIT.shares[len(name)] for name, number in most.items())


def _failed(task: "asyncio.Task[None]", caller: tuple[str, str, bool]) -> bool:
    return not task.done() or (task.cancelled() and not caller[2])


async def test_the_next_turn_is_of_whoever_has_the_fewest() -> None:
    gate = Gate(Limit("things", whole=2, tenant=2, key=2))
    order: list[str] = []

    async def visit(tenant: str) -> None:
        async with gate.turn(tenant, "x"):
            order.append(tenant)
            await asyncio.sleep(0.01)

    await asyncio.gather(*(visit("A") for _ in range(6)), visit("B"))
    assert order.index("B") <= 3


async def test_the_oldest_guest_of_a_full_room_has_to_leave_and_everybody_after_a_while() -> None:
    room, leavers = Room(2, 0.2), list[str]()
    for name in ("first", "second", "third"):
        room.enter(lambda name=name: leavers.append(name))  # type: ignore[misc]
    assert leavers == ["first"]
    with pytest.raises(TimeoutError):
        async with room.stay():
            await asyncio.sleep(2)
    await asyncio.sleep(0.1)
    assert leavers == ["first", "second", "third"]


async def test_a_tenant_whose_transactions_last_leaves_connections_to_the_others(
    settings: Settings, tenant: UUID, other_tenant: UUID
) -> None:
    async with connect(settings.service_database_url("billing")) as db:

        async def last() -> None:
            async with db.read(tenant) as conn:
                await conn.fetchval("SELECT pg_sleep(20)")

        tasks = [asyncio.create_task(last()) for _ in range(30)]
        await asyncio.sleep(0.5)
        async with asyncio.timeout(2):
            for whose in (other_tenant, None):
                async with db.read(whose) as conn:
                    assert await conn.fetchval("SELECT 1") == 1
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

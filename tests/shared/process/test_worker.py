"""A worker's lists: each has a name and a loop of its own, and none holds up another."""

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest

from shared.platform.config import Settings
from shared.process import work
from shared.process.loops import cancel
from shared.process.work import Claim, WorkList
from shared.process.worker import Worker, WorkerContext, poll, working
from tests.conftest import DatabaseOf

QUICK = WorkList("quick")
SLOW = WorkList("slow", pace="slow")


async def nothing(context: WorkerContext, tenant_id: UUID, claims: Sequence[Claim]) -> None:
    """Never called."""


def test_two_lists_of_one_name_are_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="usage declares more than one list 'quick'"):
        Worker("usage", {QUICK: nothing, WorkList("quick", pace="slow"): nothing})


async def test_a_slow_list_does_not_hold_up_a_quick_one(
    settings: Settings, database: DatabaseOf, tenant: UUID
) -> None:
    db = await database("usage")
    begun, done, end = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slowly(context: WorkerContext, tenant_id: UUID, claims: Sequence[Claim]) -> None:
        begun.set()
        await end.wait()

    async def quickly(context: WorkerContext, tenant_id: UUID, claims: Sequence[Claim]) -> None:
        async with context.db.write(tenant_id) as conn:
            await work.finish(conn, QUICK, claims)
        done.set()

    async with db.write(tenant) as conn:
        await work.mark(conn, SLOW, [uuid4()])
    async with working(settings, Worker("usage", {SLOW: slowly, QUICK: quickly})) as (_, hints):
        await asyncio.wait_for(begun.wait(), 3)
        async with db.write(tenant) as conn:
            await work.mark(conn, QUICK, [uuid4()])
        for hint in hints:
            hint.set()
        await asyncio.wait_for(done.wait(), 3)
        end.set()


async def test_what_fails_in_one_round_is_tried_in_the_next() -> None:
    rounds, end = list[int](), asyncio.Event()

    async def look() -> None:
        rounds.append(len(rounds))
        if rounds == [0]:
            raise KeyError("something of ours is broken")
        end.set()

    loop = asyncio.create_task(poll("look", look, 0.01, asyncio.Event()))
    await asyncio.wait_for(end.wait(), 3)
    await cancel(loop)

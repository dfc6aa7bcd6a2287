"""A loop that does not go round any more is noticed by whoever asks whether its process works."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from starlette.applications import Starlette

from shared.platform.config import Settings
from shared.platform.db import Conn
from shared.process.loops import Loops, went_round
from shared.process.service import Service, build
from shared.process.worker import Worker, working
from tests.processes import serving

SOON_S = 0.3


async def round_and_round() -> None:
    while True:
        went_round()
        await asyncio.sleep(0.01)


async def halt() -> None:
    went_round()
    await asyncio.Event().wait()


async def end() -> None:
    """A loop should never end."""


async def test_a_loop_at_a_halt_and_one_that_has_ended_are_named() -> None:
    async with Loops() as loops:
        for loop in (round_and_round, halt, end):
            loops.start(loop.__name__, loop(), max_round_s=SOON_S)
        await asyncio.sleep(2 * SOON_S)
        assert [problem["problem"] for problem in loops.problems()] == [
            "the loop 'halt' is at a halt",
            "the loop 'end' is at a halt",
        ]


@asynccontextmanager
async def started(settings: Settings) -> AsyncGenerator[tuple[Starlette, str]]:
    """A service on a real port, and where it says whether it is ready."""
    app, port = build(Service("learning"), settings), settings.service_port("learning")
    async with serving(app, port):
        yield app, f"http://127.0.0.1:{port}/readyz"


async def answer(url: str) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.json()


async def test_a_service_whose_log_stands_still_is_not_ready(
    settings: Settings, owner: Conn
) -> None:
    async with started(settings) as (app, url):
        assert (await answer(url))[0] == 200
        for loop in app.state.running.loops.all:
            loop.max_round_s = min(loop.max_round_s, 1.0 if loop.name == "relay" else 10.0)
        async with owner.transaction():
            await owner.execute("LOCK TABLE learning.outbox IN ACCESS EXCLUSIVE MODE")
            await asyncio.sleep(1.5)
            status, body = await answer(url)
    assert status == 503
    assert [problem["problem"] for problem in body["problems"]] == ["the loop 'relay' is at a halt"]


async def test_a_service_whose_database_does_nothing_for_it_is_not_ready(
    settings: Settings, owner: Conn
) -> None:
    async with started(settings) as (_, url), owner.transaction():
        await owner.execute("LOCK TABLE learning.log_head IN ACCESS EXCLUSIVE MODE")
        status, body = await answer(url)
    assert (status, body["error"]["message"]) == (503, "the database does not answer")


async def test_every_loop_of_a_worker_is_watched(settings: Settings) -> None:
    async with working(settings, Worker("learning", {})) as (context, _):
        relay, count = context.loops.all
        assert (relay.name, count.name) == ("relay", "given up")
        assert (relay.problem, count.problem) == (None, None)
        relay.max_round_s = -1
        assert await Worker("learning", {}).all_problems(context) == context.loops.problems() != []


@pytest.mark.parametrize("name", ["relay", "listen"])
async def test_a_quiet_log_goes_round_all_the_same(settings: Settings, name: str) -> None:
    async with started(settings) as (app, _):
        (loop,) = (each for each in app.state.running.loops.all if each.name == name)
        begun = loop.last
        async with asyncio.timeout(8):
            while loop.last == begun:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.05)

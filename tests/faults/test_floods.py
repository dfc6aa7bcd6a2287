"""No flood, by somebody unknown or by one tenant, keeps another tenant from being answered."""

import asyncio
import json
import math
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Coroutine, Generator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import aiohttp
import asyncpg
import pytest

from infra.servers import postgres
from shared.platform import auth
from tests.conftest import for_test
from tests.faults.flooding import BY_TENANT, BY_UNKNOWN, QUERY
from tests.journeys.conftest import with_key
from tests.journeys.processes import Client, Stack, client, up

SAMPLES = 60
ATTEMPTS = 3
"""A machine that others use as well is slow at times; a flood that stops others does it always."""
FLOOR_S = 0.25
"""Of noise on a small machine, where the flood itself takes a part of both processors."""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    """Every process, and a tenant that wants to be answered."""
    settings = for_test(tmp_path_factory.mktemp("flooded"))
    log = settings.data_dir / "up.log"
    process = up(settings, log, "--no-demo")
    try:
        yield asyncio.run(with_key(Stack(settings, "", "acme")))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        postgres.erase(settings)


async def a_rival(stack: Stack) -> str:
    """A key of the tenant that floods."""
    conn = await asyncpg.connect(stack.settings.owner_database_url)
    try:
        tenant = await auth.create_tenant(conn, "rival")
        return (await auth.create_key(conn, tenant, "flood", auth.SCOPES))[1]
    finally:
        await conn.close()


@asynccontextmanager
async def flooded(stack: Stack, kind: str, key: str) -> AsyncGenerator[None]:
    """The flood is under way within the block."""
    command = [sys.executable, "-m", "tests.faults.flooding", kind, str(stack.settings.port), key]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"open\n"
        yield
    finally:
        process.kill()
        await process.wait()


async def p99_s(partner: Client, account: str) -> dict[str, float]:
    """How long all but the slowest of a hundred answers take: to a query, and to an event."""
    times: dict[str, list[float]] = {"query": [], "event": []}
    for _ in range(SAMPLES):
        times["query"].append(await seconds(partner.data(QUERY)))
        event = {"id": str(uuid4()), "accountId": account, "feature": "x"}
        event |= {"occurredAt": "2026-11-01T00:00:00Z"}
        times["event"].append(await seconds(partner.post("events", [event])))
        await asyncio.sleep(0.02)
    return {what: round(sorted(each)[int(len(each) * 0.99) - 1], 3) for what, each in times.items()}


async def seconds(answer: Coroutine[Any, Any, object]) -> float:
    """How long it takes; for ever, where there is no answer."""
    begun = time.monotonic()
    try:
        await answer
    except (AssertionError, OSError, aiohttp.ClientError) as error:
        print(repr(error))  # noqa: T201 - shown where the test fails
        return math.inf
    return time.monotonic() - begun


@pytest.mark.long
@pytest.mark.stack
async def test_another_tenants_p99_is_at_most_doubled(installation: Stack) -> None:
    rival = await a_rival(installation)
    report: dict[str, dict[str, float]] = {}
    async with client(installation) as partner:
        names = [{"name": f"Company {n}"} for n in range(50)]
        receipts = await partner.post("accounts", names)
        account = receipts[0]["id"]
        await p99_s(partner, account)  # all is warm
        quiet = await p99_s(partner, account)
        for key, floods in (("", BY_UNKNOWN), (rival, BY_TENANT)):
            for flood in floods:
                who = "tenant" if key else "unknown"
                name = f"{flood.__name__} by {who}"
                async with flooded(installation, flood.__name__, key):
                    for _ in range(ATTEMPTS):
                        report[name] = await p99_s(partner, account)
                        if not excess(report[name], quiet):
                            break
                await asyncio.sleep(2)
    print(json.dumps({"quiet": quiet, **report}))  # noqa: T201 - the figures
    assert {
        name: too_slow for name, each in report.items() if (too_slow := excess(each, quiet))
    } == {}


def excess(times: dict[str, float], quiet: dict[str, float]) -> list[str]:
    """What took more than twice as long as without a flood."""
    return [what for what, each in times.items() if each > 2 * quiet[what] + FLOOR_S]

"""Nothing acknowledged is lost, doubled or out of order while processes are killed at random."""

import asyncio
import contextlib
import json
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import asyncpg
import pytest

from infra.servers import postgres
from shared.platform.config import SERVICES
from tests.conftest import for_test
from tests.journeys.conftest import with_key
from tests.journeys.processes import Client, Stack, client, until, up

pytestmark = pytest.mark.stack

CHAOS_S = 25.0
VICTIMS = (
    "accounts", "usage", "learning", "risk", "gateway", "usage-worker", "learning-worker",
    "risk-worker", "valkey", "postgres",
)  # fmt: skip
COURSES = [
    {"code": code, "title": code, "minutes": 20, "skill": "reports", "level": level,
     "roles": ["user"], "modality": "self", "prerequisites": before}
    for code, level, before in (("basics", 0, []), ("more", 1, ["basics"]))
]  # fmt: skip


@dataclass
class Acknowledged:
    """What the installation said it had taken."""

    accounts: set[str] = field(default_factory=set)
    members: set[str] = field(default_factory=set)
    events: dict[str, str] = field(default_factory=dict)
    """Event id → account."""


async def persistently(deed: Callable[[], Awaitable[Any]]) -> Any:
    """Send again until there is an answer, as a careful client does."""
    while True:
        with contextlib.suppress(aiohttp.ClientError, OSError, AssertionError, TimeoutError):
            async with asyncio.timeout(10):
                return await deed()
        await asyncio.sleep(0.1)


async def write(caller: Client, acknowledged: Acknowledged, stop: asyncio.Event) -> None:
    """Accounts, at once their members and events, some of them twice."""
    while not stop.is_set():
        names = [{"externalId": {"source": "crm", "id": str(uuid4())}, "name": "A"} for _ in "123"]
        created = await persistently(lambda names=names: caller.post("accounts", names))
        ids = [receipt["id"] for receipt in created]
        acknowledged.accounts.update(ids)
        people = [{"accountId": key, "externalId": f"{key}-m", "role": "user"} for key in ids]
        added = await persistently(lambda people=people: caller.post("members", people))
        acknowledged.members.update(receipt["id"] for receipt in added)
        rows = [event(key) for key in ids for _ in range(20)]
        for _ in range(random.choice((1, 1, 2))):  # noqa: S311 - a retry, not a secret
            receipts = await persistently(lambda rows=rows: caller.post("events", rows))
            assert {r["status"] for r in receipts} <= {"accepted", "pending", "duplicate"}
        acknowledged.events.update({row["id"]: row["accountId"] for row in rows})


def event(account: str) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat()
    return {"id": str(uuid4()), "accountId": account, "feature": "report", "occurredAt": now}


def at_random(for_s: float) -> Iterator[str]:
    """Whoever it hits, until time is up."""
    chance = random.Random(11)  # noqa: S311 - chaos that can be repeated
    deadline = time.monotonic() + for_s
    while time.monotonic() < deadline:
        yield chance.choice(VICTIMS)


async def kill(stack: Stack, victims: Iterable[str]) -> list[str]:
    """Kill one process after the other, without warning."""
    killed: list[str] = []
    for victim in victims:
        await asyncio.sleep(random.uniform(0.3, 1.2))  # noqa: S311 - a pause, not a secret
        state = json.loads((stack.settings.data_dir / "state.json").read_text())
        pids = {
            program["name"]: program["pid"]
            for program in state["programs"]
            if program["status"] == "up"
        }
        if pids.get(victim):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pids[victim], signal.SIGKILL)
                killed.append(victim)
    return killed


async def test_when_each_process_dies_once_nothing_is_lost_doubled_or_out_of_order(
    empty: Stack,
) -> None:
    await nothing_is_lost(empty, random.sample(VICTIMS, len(VICTIMS)))


@pytest.mark.long
async def test_nothing_acknowledged_is_lost_doubled_or_out_of_order(tmp_path: Path) -> None:
    settings = for_test(tmp_path)
    process = up(settings, tmp_path / "up.log", "--no-demo")
    try:
        await nothing_is_lost(await with_key(Stack(settings, "", "acme")), at_random(CHAOS_S))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        postgres.erase(settings)


async def nothing_is_lost(stack: Stack, victims: Iterable[str]) -> None:
    """Write while they die, wait until all is calm: nothing acknowledged is missing."""
    acknowledged, stop = Acknowledged(), asyncio.Event()
    async with client(stack) as caller:
        await caller.post("courses", COURSES)
        writers = [asyncio.create_task(write(caller, acknowledged, stop)) for _ in range(3)]
        killed = await kill(stack, victims)
        stop.set()
        await asyncio.gather(*writers)
    print(f"killed {len(killed)}: {sorted(killed)}; {len(acknowledged.events)} events acknowledged")  # noqa: T201 - how hard it was, in the report
    assert len(killed) >= len(VICTIMS) / 2
    assert len(acknowledged.accounts) >= 9
    await until(lambda: settled(stack, acknowledged), 90)
    await whole(stack, acknowledged)


async def settled(stack: Stack, acknowledged: Acknowledged) -> bool:
    """Every fact has reached who listens."""
    accounts = list(acknowledged.accounts)
    try:
        conn = await asyncpg.connect(stack.settings.owner_database_url)
    except (OSError, asyncpg.PostgresError):
        return False
    try:
        waiting = 0
        for schema in SERVICES:
            waiting += await conn.fetchval(f"SELECT count(*) FROM {schema}.outbox")  # noqa: S608 - our own schemas
        measured = await conn.fetchval(
            "SELECT count(*) FROM risk.account_seen WHERE account_id = ANY ($1)", accounts
        )
        paths = await conn.fetchval(
            "SELECT count(DISTINCT member_id) FROM learning.assignment WHERE member_id = ANY ($1)",
            list(acknowledged.members),
        )
        left = await conn.fetchval(
            "SELECT count(*) FROM usage.pending_event WHERE account_id = ANY ($1)", accounts
        )
    finally:
        await conn.close()
    return (
        not waiting
        and not left
        and measured == len(accounts)
        and paths == len(acknowledged.members)
    )


async def whole(stack: Stack, acknowledged: Acknowledged) -> None:
    """Hold the tables against what was acknowledged."""
    conn = await asyncpg.connect(stack.settings.owner_database_url)
    try:
        accounts = list(acknowledged.accounts)
        per_account = await conn.fetch(
            "SELECT account_id::text AS id, count(*) AS n FROM usage.event"
            " WHERE account_id = ANY ($1) GROUP BY 1",
            accounts,
        )
        counted = await conn.fetch(
            "SELECT account_id::text AS id, sum(events)::int AS n FROM usage.daily"
            " WHERE account_id = ANY ($1) GROUP BY 1",
            accounts,
        )
        expected = dict.fromkeys(acknowledged.events.values(), 0)
        for key in acknowledged.events.values():
            expected[key] += 1
        assert {row["id"]: row["n"] for row in per_account} == expected
        assert {row["id"]: row["n"] for row in counted} == expected
        for schema in SERVICES:
            await log_is_whole(conn, schema)
    finally:
        await conn.close()


async def log_is_whole(conn: "asyncpg.Connection[Any]", schema: str) -> None:
    """Positions without gaps, every account's sequence rising by one, nothing set aside."""
    rows = await conn.fetch(
        f"SELECT position, account_id, sequence FROM {schema}.event_log ORDER BY position"  # noqa: S608 - as above
    )
    assert [row["position"] for row in rows] == list(range(1, len(rows) + 1)), schema
    last: dict[Any, int] = {}
    for row in rows:
        assert row["sequence"] == last.get(row["account_id"], 0) + 1, (schema, row)
        last[row["account_id"]] = row["sequence"]
    assert await conn.fetchval(f"SELECT count(*) FROM {schema}.dead_letter") == 0  # noqa: S608 - as above
    assert await conn.fetchval(f"SELECT count(*) FROM {schema}.fact_retry") == 0  # noqa: S608 - as above

"""Who waits for whom, as ratios of one run: -m benchmarks.contention [part …].

Real services and workers as processes of their own. Only HTTP and tables that stay are used, so
that the same file measures an older state of the code.
"""

import argparse
import asyncio
import random
import statistics
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks._site import Site, site

PORT = 28_200
ROUNDS = 9
MEMBERS, COURSES, PAGE = 500, 150, 500
MEASURED, HELD_S = 1_000, 1.5
SENDERS = (1, 2, 4, 8)
FILL = Path(__file__).with_name("signals.sql").read_text()


@dataclass(frozen=True)
class Figure:
    """What took how long; `aim` is the most that `value` may be, or None where it has none."""

    what: str
    alone: str
    beside: str
    value: float
    unit: str
    aim: float | None

    @property
    def is_kept(self) -> bool:
        return self.aim is None or self.value <= self.aim


def ratio(what: str, alone: Sequence[float], beside: Sequence[float], aim: float | None) -> Figure:
    """Medians beside something else over medians alone."""
    quiet, busy = statistics.median(alone), statistics.median(beside)
    return Figure(what, f"{quiet * 1e3:.0f} ms", f"{busy * 1e3:.0f} ms", busy / quiet, "×", aim)


async def until(ask: Callable[[], Awaitable[object]], *, within_s: float = 60) -> float:
    """Ask again and again until the answer is true; when it was."""
    deadline = time.perf_counter() + within_s
    while not await ask():
        if time.perf_counter() > deadline:
            raise TimeoutError("what was waited for did not happen")
        await asyncio.sleep(0.001)
    return time.perf_counter()


async def mark(at: Site, service: str, work_list: str, keys: Sequence[UUID]) -> None:
    """Make work due, and wait until the worker has claimed it and is at it."""
    await at.owner.execute(
        f"SELECT {service}.mark_work($1, $2, interval '0', NULL)", work_list, keys
    )
    await until(lambda: claimed(at, service, work_list))
    await asyncio.sleep(0.02)


async def claimed(at: Site, service: str, work_list: str) -> bool:
    """Whether a worker is at some of the list now."""
    is_claimed: bool = await at.owner.fetchval(
        f"SELECT EXISTS (SELECT FROM {service}.work WHERE list = $1 AND lease IS NOT NULL"  # noqa: S608 - our own names
        " AND tenant_id = current_setting('tenure.tenant')::uuid)",
        work_list,
    )
    return is_claimed


async def done(at: Site, service: str, work_list: str) -> bool:
    """Whether nothing of the list is due any more, or being done."""
    is_done: bool = await at.owner.fetchval(
        f"SELECT NOT EXISTS (SELECT FROM {service}.work WHERE list = $1"  # noqa: S608 - as above
        " AND tenant_id = current_setting('tenure.tenant')::uuid"
        " AND (lease IS NOT NULL OR next_at < now() + interval '1 day'))",
        work_list,
    )
    return is_done


async def progress(at: Site) -> list[Figure]:
    """20 rows of progress, while paths of 500 members are recommended."""
    tenant = await at.tenant("progress")
    with at.running("learning", "learning-worker"):
        await at.send(tenant, "learning", "courses", [course(n) for n in range(COURSES)])
        members = await learners(at, tenant)
        alone, beside = list[float](), list[float]()
        for _ in range(ROUNDS + 1):
            alone.append(await at.send(tenant, "learning", "progress", steps(members)))
            await at.owner.execute("UPDATE learning.learner SET level = (level + 1) % 5")
            await mark(at, "learning", "recommend", [member for member, _ in members])
            beside.append(await at.send(tenant, "learning", "progress", steps(members)))
            await until(lambda: done(at, "learning", "recommend"))
    return [ratio("20 rows of progress beside 500 paths", alone[1:], beside[1:], 2)]


def course(number: int) -> dict[str, Any]:
    return {
        "code": f"c{number}",
        "title": f"Course {number}",
        "minutes": 10 + number,
        "skill": f"skill{number % 10}",
        "level": number % 5,
        "modality": "video",
    }


async def learners(at: Site, tenant: UUID) -> list[tuple[UUID, UUID]]:
    """Members with their accounts, ten each."""
    accounts = [uuid4() for _ in range(MEMBERS // 10)]
    members = [(uuid4(), accounts[number // 10]) for number in range(MEMBERS)]
    await at.owner.executemany(
        "INSERT INTO learning.learner (tenant_id, member_id, account_id, role, level, added_at)"
        " VALUES ($1, $2, $3, $4, $5, now())",
        [(tenant, *both, f"role{n % 4}", n % 5) for n, both in enumerate(members)],
    )
    return members


def steps(members: Sequence[tuple[UUID, UUID]]) -> list[dict[str, Any]]:
    """Steps that prove nothing, so that they make no work of their own."""
    return [
        {
            "id": uuid4().hex,
            "accountId": str(account),
            "memberId": str(member),
            "courseCode": f"c{random.randrange(COURSES)}",  # noqa: S311 - no secret
            "kind": "started",
            "occurredAt": datetime.now(UTC) - timedelta(minutes=1),
        }
        for member, account in random.sample(members, 20)
    ]


async def tickets(at: Site) -> list[Figure]:
    """Batches of 100 tickets of any of 2,000 accounts, from parallel senders."""
    tenant = await at.tenant("tickets")
    rates: dict[int, list[float]] = {senders: [] for senders in SENDERS}
    with at.running("accounts"):
        accounts = [uuid4() for _ in range(2_000)]
        rows = [{"id": str(key), "name": f"a{key}"} for key in accounts]
        for start in range(0, len(rows), PAGE):
            await at.send(tenant, "accounts", "accounts", rows[start : start + PAGE])
        await rows_per_s(at, tenant, accounts, 4)
        for _ in range(3):
            for senders in SENDERS:
                rates[senders].append(await rows_per_s(at, tenant, accounts, senders))
    best = {senders: statistics.median(values) for senders, values in rates.items()}
    return [
        Figure(
            f"tickets, {senders} senders",
            f"{best[1]:,.0f}/s",
            f"{best[senders]:,.0f}/s",
            best[senders] / best[1],
            "×",
            None,
        )
        for senders in SENDERS
    ]


async def rows_per_s(at: Site, tenant: UUID, accounts: Sequence[UUID], senders: int) -> float:
    """Rows a second, 48 batches shared out among the senders."""
    batches = [[ticket(random.choice(accounts)) for _ in range(100)] for _ in range(48)]  # noqa: S311 - as above

    async def sender() -> None:
        while batches:
            await at.send(tenant, "accounts", "tickets", batches.pop())

    begun = time.perf_counter()
    await asyncio.gather(*(sender() for _ in range(senders)))
    return 4_800 / (time.perf_counter() - begun)


def ticket(account: UUID) -> dict[str, Any]:
    return {
        "id": uuid4().hex,
        "accountId": str(account),
        "openedAt": datetime.now(UTC) - timedelta(hours=1),
        "severity": "normal",
        "ticketClass": "bug",
    }


async def note(at: Site) -> list[Figure]:
    """A fact of one tenant until its account is marked, beside another tenant's transaction."""
    rival = await at.tenant("rival")
    rivals = [uuid4() for _ in range(100)]
    await at.tenant("note")
    account = uuid4()
    alone, beside = list[float](), list[float]()
    await caught_up(at, "risk")
    with at.running("accounts", "risk"):
        for _ in range(ROUNDS + 1):
            alone.append(await noted(at, account))
            async with open_transaction(at, rival, rivals):
                beside.append(await noted(at, account))
    return [ratio(f"note beside another tenant's {HELD_S} s", alone[1:], beside[1:], 1.5)]


async def noted(at: Site, account: UUID) -> float:
    """How long a fact takes from the log of accounts to the mark in risk."""
    query = "SELECT coalesce(max(wanted), 0) FROM risk.work WHERE key = $1"
    before: int = await at.owner.fetchval(query, account)

    async def marked() -> bool:
        return bool(await at.owner.fetchval(query, account) > before)

    begun = time.perf_counter()
    await emit_all(at, [("SupportChanged", account, {"account_id": account})])
    return await until(marked) - begun


async def emit_all(at: Site, facts: Sequence[tuple[str, UUID, dict[str, Any]]]) -> None:
    """Facts of accounts, in its log at once."""
    await at.owner.execute(
        "SELECT accounts.emit(about, type, fact::jsonb, NULL)"
        " FROM unnest($1::uuid[], $2::text[], $3::text[]) AS told (about, type, fact)"
        " ORDER BY about",
        [account for _, account, _ in facts],
        [kind for kind, _, _ in facts],
        [msgspec.json.encode(payload).decode() for _, _, payload in facts],
    )
    await at.owner.execute("SELECT accounts.relay_step(1000)")


@asynccontextmanager
async def open_transaction(
    at: Site, tenant: UUID, accounts: Sequence[UUID]
) -> AsyncGenerator[None]:
    """Beside a transaction of risk that has marked accounts of this tenant and stays open."""
    conn = await asyncpg.connect(at.settings.service_database_url("risk"))
    await conn.execute(f"BEGIN; SET LOCAL tenure.tenant = '{tenant}'")
    await conn.execute("SELECT risk.ask($1, 'TIME', 'rescore', NULL)", accounts)
    ended = asyncio.create_task(_ended(conn))
    await asyncio.sleep(0.02)
    yield
    await ended


async def _ended(conn: "asyncpg.Connection[Any]") -> None:
    await asyncio.sleep(HELD_S)
    await conn.execute("COMMIT")
    await conn.close()


async def pages(at: Site) -> list[Figure]:
    """Six pages of 500 facts that wait in the log of accounts: pulled, heard and committed."""
    figures: list[Figure] = []
    for service, kind in (
        ("risk", "SupportChanged"),
        ("risk", "ContractChanged"),
        ("usage", "AccountCreated"),
        ("usage", "ContractChanged"),
        ("usage", "MemberAdded"),
        ("learning", "MemberAdded"),
    ):
        await at.tenant(f"{service} {kind}")
        with at.running("accounts"):
            begin = await caught_up(at, service)
            for _ in range(6):
                await emit_all(at, [payload(kind) for _ in range(PAGE)])
            took, ours, postgres = (1e3 * each for each in await page_s(at, service, begin))
        what = f"a page of {PAGE} × {kind} in {service}"
        cpu = f"CPU {ours:.0f} + {postgres:.0f} ms"
        figures.append(Figure(what, cpu, f"{took:.0f} ms", took, "ms", 60))
    return figures


async def caught_up(at: Site, service: str) -> int:
    """As if the service had heard everything until now: where the log of accounts ends."""
    while await at.owner.fetchval("SELECT accounts.relay_step(1000)"):
        pass
    position: int = await at.owner.fetchval("SELECT accounts.log_end()")
    await at.owner.execute(
        f"INSERT INTO {service}.consumer_offset (source, position) VALUES ('accounts', $1)"  # noqa: S608 - our own names
        " ON CONFLICT (source) DO UPDATE SET position = $1",
        position,
    )
    return position


async def page_s(at: Site, service: str, begin: int) -> tuple[float, float, float]:
    """Seconds a page, from the end of the first to the end of the last: by the clock, and of
    processor time, that of both services and that of PostgreSQL."""
    query = f"SELECT max(position) FROM {service}.consumer_offset WHERE source = 'accounts'"  # noqa: S608 - as above

    def reached(position: int) -> Callable[[], Awaitable[bool]]:
        async def ask() -> bool:
            return bool(await at.owner.fetchval(query) >= position)

        return ask

    with at.running(service, ready=False):
        first, before = await until(reached(begin + PAGE)), at.cpu_s()
        last, after = await until(reached(begin + 6 * PAGE)), at.cpu_s()
    return (last - first) / 5, (after[0] - before[0]) / 5, (after[1] - before[1]) / 5


def payload(kind: str) -> tuple[str, UUID, dict[str, Any]]:
    """A fact of accounts, as accounts says it."""
    account, now = uuid4(), datetime.now(UTC)
    fact: dict[str, Any] = {"account_id": account, "recorded_at": now}
    match kind:
        case "AccountCreated":
            name = {"source": "crm", "external_id": account.hex}
            fact |= {"name": "A", "external_ids": [name], "intended_users": 5, "internal": False}
        case "MemberAdded":
            fact |= {"member_id": uuid4(), "external_id": None, "role": "admin", "level": 1}
            fact |= {"added_at": now, "ended_at": None, "internal": False}
        case "ContractChanged":
            fact |= {"contract_id": uuid4(), "start_on": now.date(), "ended_on": None, "seats": 5}
            fact |= {"end_on": now.date(), "term_months": 12, "outcome": "renewed"}
        case _:
            pass
    return kind, account, fact


async def announce(at: Site) -> list[Figure]:
    """An event until UsageRecorded is told of it, while 1,000 accounts are measured."""
    tenant = await at.tenant("announce")
    for name, value in (("accounts", MEASURED), ("people", 6), ("weeks", 52)):
        await at.owner.execute("SELECT set_config($1, $2, false)", f"bench.{name}", str(value))
    await at.owner.execute(FILL, timeout=600)
    await at.owner.execute("VACUUM ANALYZE", timeout=600)
    rows = await at.owner.fetch("SELECT DISTINCT account_id AS key FROM usage.term ORDER BY 1")
    accounts: list[UUID] = [row["key"] for row in rows]
    await at.owner.executemany(
        "INSERT INTO usage.known_account VALUES ($1, $2)", [(tenant, key) for key in accounts]
    )
    alone, beside = list[float](), list[float]()
    with at.running("usage", "usage-worker"):
        for number in range(ROUNDS + 1):
            alone.append(await announced(at, tenant, accounts[number]))
            await mark(at, "usage", "measure", accounts)
            beside.append(await announced(at, tenant, accounts[number]))
            await until(lambda: done(at, "usage", "measure"))
    return [ratio(f"announce beside measure of {MEASURED:,}", alone[1:], beside[1:], None)]


async def announced(at: Site, tenant: UUID, account: UUID) -> float:
    query = "SELECT coalesce(max(sequence), 0) FROM usage.account_stream WHERE account_id = $1"
    before: int = await at.owner.fetchval(query, account)
    event = {"id": uuid4().hex, "accountId": str(account), "feature": "f1"}
    event["occurredAt"] = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()

    async def has_arrived() -> bool:
        return bool(await at.owner.fetchval(query, account) > before)

    begun = time.perf_counter()
    await at.send(tenant, "usage", "events", [event])
    return await until(has_arrived) - begun


PARTS = {part.__name__: part for part in (progress, tickets, note, pages, announce)}


async def main(parts: Sequence[str]) -> int:
    figures: list[Figure] = []
    async with site(PORT) as at:
        for part in parts or PARTS:
            figures += await PARTS[part](at)
    table = Table("what", "alone", "beside", "ratio", "at most", "")
    for figure in figures:
        aim = f"{figure.aim:g} {figure.unit}" if figure.aim else ""
        verdict = "" if figure.aim is None else "kept" if figure.is_kept else "MISSED"
        value = f"{figure.value:.1f} {figure.unit}"
        table.add_row(figure.what, figure.alone, figure.beside, value, aim, verdict)
    Console(width=120).print(table)
    return sum(not figure.is_kept for figure in figures)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all unless named")
    sys.exit(asyncio.run(main(options.parse_args().parts)))

"""All signals of a page of 50 of 10,000 accounts with two years of use: -m benchmarks.signals.

With --plans every statement's plan is printed as it ran.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import msgspec
import psutil

from infra.servers.embedded import start_postgres
from services.usage.domain import peers
from services.usage.store import habits, journeys, reads, sessions, signals
from shared.platform import auth
from shared.platform.config import Settings
from shared.platform.db import Conn, Database, connect
from shared.platform.migrate import migrate_all

WEEKS = 104
PAGE = 50
ROUNDS = 60
PROMISED_MS = 300.0
FILL = Path(__file__).with_suffix(".sql").read_text()
SMALL = {"calendar", "retention", "described", "use_case", "milestone", "manual_rule"}
"""Tables with a few rows a tenant; everything else has rows for each account or more."""

Statement: TypeAlias = tuple[str, tuple[Any, ...]]


class Watched:
    """What a connection was asked, and how long each statement took in milliseconds."""

    def __init__(self) -> None:
        self.statements: dict[str, Statement] = {}
        self.took: dict[str, list[float]] = defaultdict(list)

    def __call__(self, record: Any) -> None:
        if "pg_catalog" in record.query:  # asyncpg learns a type, once a connection
            return
        self.statements.setdefault(record.query, (record.query, tuple(record.args)))
        self.took[record.query].append(1_000 * record.elapsed)


class Spent:
    """What the pages cost in CPU, here and in the one PostgreSQL process that answers: what is
    left of a figure on a machine where others work too."""

    def begin(self, conn: Conn) -> None:
        """From here on it is counted."""
        self._own, self._backend = psutil.Process(), psutil.Process(conn.get_server_pid())
        self._before = self._now()

    def each(self) -> str:
        """By page."""
        own, backend = (
            1_000 * (now - then) / ROUNDS
            for now, then in zip(self._now(), self._before, strict=True)
        )
        return f"{backend:.0f} ms PostgreSQL + {own:.0f} ms Python"

    def _now(self) -> tuple[float, float]:
        own, backend = (each.cpu_times() for each in (self._own, self._backend))
        return own.user + own.system, backend.user + backend.system


async def main(accounts: int, people: int, *, plans: bool) -> int:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.from_env(
            {"TENURE_DATA_DIR": folder, "TENURE_PORT": "28000"}, begins=True
        )
        with start_postgres(settings, durable=False, keep=False):
            await migrate_all(settings)
            tenant, pages = await filled(settings, accounts, people)
            return await measured(settings, tenant, pages, plans=plans)


async def filled(settings: Settings, accounts: int, people: int) -> tuple[UUID, list[list[UUID]]]:
    """Two years of use of so many accounts, and four pages of them."""
    owner = await asyncpg.connect(settings.owner_database_url)
    tenant = await auth.create_tenant(owner, "bench")
    begun = time.monotonic()
    parameters = {"tenure.tenant": tenant, "bench.accounts": accounts, "bench.people": people}
    for name, value in {**parameters, "bench.weeks": WEEKS}.items():
        await owner.execute("SELECT set_config($1, $2, false)", name, str(value))
    await owner.execute(FILL, timeout=3_600)
    await owner.execute("VACUUM ANALYZE", timeout=3_600)
    rows = await owner.fetchval("SELECT count(*) FROM usage.daily")
    size = await owner.fetchval("SELECT pg_total_relation_size('usage.daily')")
    print(f"{rows:,} rows of use in days ({size / rows:.0f} bytes each, with keys),", end=" ")
    print(f"{accounts:,} accounts, filled in {time.monotonic() - begun:.0f} s")
    rows_of_accounts = await owner.fetch(
        "SELECT DISTINCT account_id FROM usage.term LIMIT $1", PAGE * 4
    )
    keys = [row["account_id"] for row in rows_of_accounts]
    await owner.close()
    return tenant, [keys[at : at + PAGE] for at in range(0, len(keys), PAGE)]


async def measured(
    settings: Settings, tenant: UUID, pages: Sequence[list[UUID]], *, plans: bool
) -> int:
    """0 where the promise is kept now and a year ago, without reading a large table through."""
    failed = False
    year = datetime.now(UTC) - timedelta(days=365)
    async with connect(settings.service_database_url("usage"), max_size=1) as db:
        for label, as_of in (("now", None), ("a year ago", year)):
            watched, p95 = await _timed(db, tenant, label, pages, as_of)
            failed |= p95 >= PROMISED_MS
            for statement in watched.statements.values():
                failed |= await _planned(db, tenant, statement, plans=plans)
    return int(failed)


async def _timed(
    db: Database, tenant: UUID, label: str, pages: Sequence[list[UUID]], as_of: datetime | None
) -> tuple[Watched, float]:
    """What a page of accounts asks of usage, and the p95 of all of it in milliseconds."""
    watched, took, spent = Watched(), list[float](), Spent()
    for number in range(ROUNDS + len(pages)):
        async with db.read(tenant) as conn:
            if number == len(pages):  # the first look at a page reads from disk
                spent.begin(conn)
            begun = time.perf_counter()
            with conn.query_logger(watched):
                await everything(conn, pages[number % len(pages)], as_of)
                await asyncio.sleep(0)  # the logger of the last statement
            took.append(1_000 * (time.perf_counter() - begun))
    took = sorted(took[len(pages) :])
    p95 = took[int(0.95 * (len(took) - 1))]
    print(
        f"{label}: a page of {PAGE}: median {statistics.median(took):.0f} ms, p95 {p95:.0f} ms"
        f" (promised: under {PROMISED_MS:.0f} ms); of CPU {spent.each()}"
    )
    for query, each in sorted(watched.took.items(), key=lambda item: -sum(item[1]))[:8]:
        print(f"  {statistics.median(each):6.1f} ms  {_title(query)}")
    return watched, p95


async def everything(conn: Conn, page: list[UUID], as_of: datetime | None) -> None:
    """Every batch read behind the fields of an account's usage, one after the other."""
    summaries = await reads.summary(conn, page, as_of)
    by_account = await signals.signals(conn, page, as_of)
    answers = [
        {key: peers.signals(summaries[key], by_account[key]) for key in page},
        await sessions.time_spent(conn, page, as_of),
        await habits.habits(conn, page, as_of),
        await habits.suggestions(conn, page, as_of),
        await journeys.journeys(conn, page, as_of),
    ]
    if any(len(each) < PAGE for each in answers):
        raise ValueError("a figure of a smaller page would mislead")


async def _planned(db: Database, tenant: UUID, statement: Statement, *, plans: bool) -> bool:
    """Whether a statement reads a large table from end to end."""
    query, arguments = statement
    async with db.read(tenant) as conn:
        plan = await conn.fetchval("EXPLAIN (FORMAT JSON) " + query, *arguments)
        if plans:
            lines = await conn.fetch("EXPLAIN (ANALYZE, BUFFERS) " + query, *arguments)
            print(f"\n{_title(query)}", *(line[0] for line in lines), sep="\n  ")
    nodes = _nodes(msgspec.json.decode(plan)[0]["Plan"])
    scanned = {each["Relation Name"] for each in nodes if each["Node Type"] == "Seq Scan"} - SMALL
    if scanned:
        print(f"  READ FROM END TO END: {', '.join(sorted(scanned))} by {_title(query)}")
    return bool(scanned)


def _title(query: str) -> str:
    return query.strip().splitlines()[0][:110]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("accounts", type=int, nargs="?", default=10_000)
    options.add_argument("people", type=int, nargs="?", default=6)
    options.add_argument("--plans", action="store_true", help="print every plan as it ran")
    return options.parse_args()


if __name__ == "__main__":
    options = _options()
    sys.exit(asyncio.run(main(options.accounts, options.people, plans=options.plans)))

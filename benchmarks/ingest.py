"""Events over HTTP, counted in their days and marked, against a bare COPY: -m benchmarks.ingest."""

import argparse
import asyncio
import hashlib
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import psutil
from rich.console import Console
from rich.table import Table

from infra.servers.embedded import start_postgres
from shared.platform import auth
from shared.platform.auth import Principal, Signer
from shared.platform.config import Settings
from shared.platform.db import Conn
from shared.platform.migrate import migrate_all

ACCOUNTS, MEMBERS, FEATURES = 200, 10, 8
DAY_S = 86_400
PROMISED = {"batches of 100": 10_000, "one by one": 700}
COLUMNS = [
    "tenant_id", "key", "account_id", "occurred_at", "recorded_at", "quantity", "day", "body",
    "feature", "member",
]  # fmt: skip


@dataclass(frozen=True)
class Run:
    """What one way of sending cost."""

    name: str
    clients: int
    events: int
    seconds: float
    took_s: list[float]
    service_cpu_s: float
    postgres_cpu_s: float

    @property
    def rate(self) -> float:
        return self.events / self.seconds


class Bench:
    """A tenant with accounts, the running service, and what is measured of both."""

    def __init__(
        self, settings: Settings, tenant: UUID, accounts: list[UUID], pids: tuple[int, int]
    ):
        self.settings = settings
        self.tenant = tenant
        self._accounts = accounts
        self._service, self._postgres = (psutil.Process(pid) for pid in pids)
        self._random = random.Random(7)  # noqa: S311 - the same rows each time

    def rows(self, number: int) -> list[dict[str, Any]]:
        """Events of one day, of any account, member and feature."""
        now, pick = datetime.now(UTC), self._random
        return [
            {
                "id": uuid4().hex,
                "accountId": str(pick.choice(self._accounts)),
                "memberId": f"m{pick.randrange(MEMBERS)}",
                "feature": f"feature_{pick.randrange(FEATURES)}",
                "occurredAt": now - timedelta(seconds=pick.randrange(DAY_S)),
            }
            for _ in range(number)
        ]

    async def send(self, name: str, clients: int, requests: int, batch: int) -> Run:
        """So many requests of so many events, shared out among the clients."""
        bodies = [self._request(self.rows(batch)) for _ in range(requests)]
        took: list[float] = []
        before = self.cpu()
        begun = time.perf_counter()
        await asyncio.gather(*(self._client(bodies, took) for _ in range(clients)))
        seconds = time.perf_counter() - begun
        service, postgres = (now - then for now, then in zip(self.cpu(), before, strict=True))
        return Run(name, clients, requests * batch, seconds, took, service, postgres)

    def _request(self, rows: list[dict[str, Any]]) -> bytes:
        principal = Principal(self.tenant, "bench", ("ingest",))
        body = msgspec.json.encode(rows)
        return (
            f"POST /v1/events HTTP/1.1\r\nhost: bench\r\ncontent-length: {len(body)}\r\n"
            f"{auth.HEADER}: {Signer(self.settings).seal(principal)}\r\n\r\n"
        ).encode() + body

    async def _client(self, requests: list[bytes], took: list[float]) -> None:
        port = self.settings.service_port("usage")
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while requests:
            begun = time.perf_counter()
            writer.write(requests.pop())
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            answer = await reader.readexactly(length)
            took.append(time.perf_counter() - begun)
            if not head.startswith(b"HTTP/1.1 202") or b'"rejected"' in answer:
                raise RuntimeError((head + answer)[:500].decode())
        writer.close()
        await writer.wait_closed()

    def cpu(self) -> tuple[float, float]:
        """Seconds so far, of the service and of PostgreSQL."""
        backends = [self._postgres, *self._postgres.children(recursive=True)]
        return _cpu_s([self._service]), _cpu_s(backends)


def _cpu_s(processes: Sequence[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes]
    return sum(each.user + each.system for each in times)


async def copied(owner: Conn, bench: Bench, number: int, *, keys: bool) -> Run:
    """The same kind of rows by COPY, into a table without keys, indexes or policies, or with keys:
    no receipts, no roll-ups, no marks, nothing resent."""
    like = "(LIKE usage.event INCLUDING ALL)" if keys else "(LIKE usage.event)"
    await owner.execute(f"CREATE TABLE usage.bare {like}")
    records = [_record(bench.tenant, row) for row in bench.rows(number)]
    begun = time.perf_counter()
    await owner.copy_records_to_table(
        "bare", schema_name="usage", records=records, columns=COLUMNS, timeout=600
    )
    seconds = time.perf_counter() - begun
    await owner.execute("DROP TABLE usage.bare")
    return Run("COPY with keys" if keys else "bare COPY", 1, number, seconds, [seconds], 0, 0)


async def database_run(bench: Bench, batches: int) -> Run:
    """Batches of 100 straight to the function that keeps, counts and marks them, a commit each, on
    one connection: what the database alone needs for what is promised, without HTTP or receipts."""
    conn = await asyncpg.connect(bench.settings.service_database_url("usage"))
    await conn.execute("SELECT set_config('tenure.tenant', $1, false)", str(bench.tenant))
    records = [
        sorted(_record(bench.tenant, row) for row in bench.rows(100)) for _ in range(batches)
    ]
    took: list[float] = []
    before = bench.cpu()[1]
    begun = time.perf_counter()
    for batch in records:
        at = time.perf_counter()
        _, keys, accounts, occurred, recorded, quantities, _, bodies, features, members = zip(
            *batch, strict=True
        )
        await conn.execute(
            "SELECT keep_events($1, $2, $3, $4, $5, $6, $7, $8, $9, 'UTC', 'announce', NULL)",
            keys, accounts, occurred, recorded, quantities, bodies, features, members,
            [None] * len(batch),
        )  # fmt: skip
        took.append(time.perf_counter() - at)
    seconds = time.perf_counter() - begun
    cpu = bench.cpu()[1] - before
    await conn.close()
    return Run("function alone, by 100", 1, batches * 100, seconds, took, 0, cpu)


def _record(tenant: UUID, row: dict[str, Any]) -> tuple[Any, ...]:
    key = hashlib.sha256(row["id"].encode()).digest()[:16]
    at = row["occurredAt"]
    account = UUID(row["accountId"])
    return (tenant, key, account, at, at, 1.0, at.date(), key, row["feature"], row["memberId"])


async def late(owner: Conn, bench: Bench, rounds: int) -> Run:
    """Single events 20 days late: each corrects a day that was counted long ago."""
    fresh = bench.rows

    def old(number: int) -> list[dict[str, Any]]:
        return [
            {**row, "occurredAt": row["occurredAt"] - timedelta(days=20)} for row in fresh(number)
        ]

    bench.rows = old  # type: ignore[method-assign] - the same run with late rows
    try:
        return await bench.send("one late event", 1, rounds, 1)
    finally:
        bench.rows = fresh  # type: ignore[method-assign] - as it was


@asynccontextmanager
async def prepared(settings: Settings, postgres_pid: int) -> AsyncGenerator[tuple[Conn, Bench]]:
    """A tenant with known accounts, and the usage service as a process of its own."""
    await migrate_all(settings)
    owner = await asyncpg.connect(settings.owner_database_url)
    tenant = await auth.create_tenant(owner, "bench")
    accounts = [uuid4() for _ in range(ACCOUNTS)]
    await owner.executemany(
        "INSERT INTO usage.known_account (tenant_id, account_id) VALUES ($1, $2)",
        [(tenant, account) for account in accounts],
    )
    env = {key: value for key, value in os.environ.items() if not key.startswith("TENURE_")}
    env |= {"TENURE_DATA_DIR": str(settings.data_dir), "TENURE_PORT": str(settings.port)}
    process = subprocess.Popen(  # noqa: ASYNC220 - once, before anything is measured
        [sys.executable, "-m", "services.usage.app"], env=env, stderr=subprocess.DEVNULL
    )
    try:
        await _listening(settings.service_port("usage"))
        yield owner, Bench(settings, tenant, accounts, (process.pid, postgres_pid))
    finally:
        process.terminate()
        process.wait(20)
        await owner.close()


async def _listening(port: int) -> None:
    for _ in range(300):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return
    raise TimeoutError("the usage service did not start")


def shown(runs: Sequence[Run], ceiling: Run) -> Table:
    """Every run beside the ceiling."""
    table = Table(title=None)
    for name in (
        "sent as", "clients", "events", "events/s", "of COPY", "p50 ms", "p99 ms",
        "µs CPU/event: service", "PostgreSQL",
    ):  # fmt: skip
        table.add_column(name, justify="left" if name == "sent as" else "right")
    for run in (*runs, ceiling):
        table.add_row(
            run.name,
            str(run.clients),
            f"{run.events:,}",
            f"{run.rate:,.0f}",
            f"{run.rate / ceiling.rate:.0%}",
            f"{statistics.median(run.took_s) * 1e3:.1f}",
            f"{sorted(run.took_s)[int(len(run.took_s) * 0.99) - 1] * 1e3:.1f}",
            f"{run.service_cpu_s / run.events * 1e6:.0f}",
            f"{run.postgres_cpu_s / run.events * 1e6:.0f}",
        )
    return table


async def measured(settings: Settings, postgres_pid: int, scale: float) -> int:
    console = Console(width=120)
    async with prepared(settings, postgres_pid) as (owner, bench):
        many, few = int(400 * scale), int(2_000 * scale)
        await bench.send("warm-up", 2, max(20, many // 10), 100)
        runs = [await bench.send("batches of 100", n, many, 100) for n in (1, 2, 4)]
        runs.append(await bench.send("batches of 1,000", 2, many // 5, 1_000))
        runs += [await bench.send("one by one", n, few, 1) for n in (1, 4, 16)]
        runs.append(await late(owner, bench, few // 2))
        runs.append(await database_run(bench, many))
        runs.append(await copied(owner, bench, many * 300, keys=True))
        ceiling = await copied(owner, bench, many * 300, keys=False)
        console.print(shown(runs, ceiling))
        console.print(await _sizes(owner), highlight=False)
    return _verdict(runs, ceiling, console)


async def _sizes(owner: Conn) -> str:
    await owner.execute("VACUUM ANALYZE usage.event")
    await owner.execute("VACUUM ANALYZE usage.daily")
    events: int = await owner.fetchval("SELECT count(*) FROM usage.event")
    lines: list[str] = []
    for table in ("event", "daily"):
        size: int = await owner.fetchval("SELECT pg_total_relation_size($1)", f"usage.{table}")
        rows: int = await owner.fetchval(f"SELECT count(*) FROM usage.{table}")  # noqa: S608 - our own two names
        lines.append(f"{table} {size / events:.0f} MB ({rows:,} rows)")
    return f"A million events take, with keys: {', '.join(lines)} of {events:,} events."


def _verdict(runs: Sequence[Run], ceiling: Run, console: Console) -> int:
    missed = 0
    best = max(run.rate for run in runs if run.name.startswith("batches"))
    fair = next(run.rate for run in runs if run.name == "COPY with keys")
    console.print(
        f"of COPY: {best / ceiling.rate:.1%} of the bare one (aim: 25%), {best / fair:.1%} of the"
        " one with keys"
    )
    for name, promised in PROMISED.items():
        best = max(run.rate for run in runs if run.name == name)
        missed += best < promised
        word = "kept" if best >= promised else "MISSED"
        console.print(f"{name}: {best:,.0f} events/s of {promised:,} promised: {word}")
    return missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="how much is sent, 1 = 120,000")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.from_env(
            {"TENURE_DATA_DIR": folder, "TENURE_PORT": "28100"}, begins=True
        )
        with start_postgres(settings, keep=False) as postgres:
            return asyncio.run(measured(settings, postgres.pid, options.scale))


if __name__ == "__main__":
    sys.exit(main())

"""Score a tenant of 100,000 accounts anew, features in and scores out: -m benchmarks.rescore."""

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks._site import started
from infra.servers.embedded import start_valkey
from infra.suite import programs
from infra.trial.fill import fill
from infra.trial.server import scratch
from ml.simulation.tenant import simulate
from ml.training.train import Training
from services.risk.domain.work_lists import RESCORE
from shared.platform import auth
from shared.platform.config import Settings
from shared.platform.db import Conn
from shared.process.rpc import Call, Rpc, remote

SIMULATED = 1_000
MONTHS = 18
COPIES = Path(__file__).with_suffix(".sql").read_text()
STATEMENTS = 12


@dataclass(frozen=True, slots=True)
class Spent:
    """Processor seconds by process, and milliseconds by statement, of one rescoring."""

    seconds: float
    scored: int
    cpu_s: dict[str, float]
    statements: list[tuple[str, float, int]]


async def main(accounts: int) -> int:
    console = Console()
    async with scratch() as settings, running(settings) as processes:
        owner = await asyncpg.connect(settings.owner_database_url, command_timeout=3_600)
        now = datetime.now(UTC)
        tenant = simulate(companies_count=SIMULATED, months=MONTHS, until=now.date())
        tenant_id = await fill(settings.owner_database_url, "bench", tenant, quiet)
        async with Rpc(settings) as rpc:
            await trained(rpc, tenant_id, now)
            await multiplied(owner, tenant_id, accounts // SIMULATED)
            console.print(
                f"{await accounts_on_record(owner):,} accounts, each as the simulator makes them"
            )
            spent = await rescored(owner, rpc, tenant_id, processes)
        await owner.close()
    console.print(shown(spent))
    rate = spent.scored / spent.seconds
    console.print(f"{spent.scored:,} scores in {spent.seconds:.0f} s: {rate:,.0f} a second")
    return 0


def quiet(_: str, __: int, ___: int) -> None:
    """Nobody watches the filling."""


@asynccontextmanager
async def running(settings: Settings) -> AsyncGenerator[dict[str, psutil.Process]]:
    """The services and risk's worker as the supervisor starts them, and their processes."""
    worker = next(w for w in programs.workers(settings) if w.name == "risk-worker")
    with ExitStack() as stack:
        stack.enter_context(start_valkey(settings, keep=False))
        processes: dict[str, psutil.Process] = {}
        for program in (*programs.services(settings), worker):
            processes[program.name] = stack.enter_context(started(program))
        yield processes


async def trained(rpc: Rpc, tenant_id: UUID, now: datetime) -> None:
    """A champion for the tenant, trained while it is small."""
    principal = auth.system(tenant_id)
    await Training(rpc, principal, now, quiet).release(force="a benchmark's model")


async def multiplied(owner: Conn, tenant_id: UUID, times: int) -> None:
    """Every account so many times over in all."""
    await owner.execute("SELECT set_config('tenure.tenant', $1, false)", str(tenant_id))
    await owner.execute("SELECT set_config('bench.copies', $1, false)", str(times - 1))
    await owner.execute("SET work_mem = '256MB'")
    await owner.execute(COPIES, timeout=3_600)
    await owner.execute("VACUUM ANALYZE", timeout=3_600)


async def accounts_on_record(owner: Conn) -> int:
    number: int = await owner.fetchval("SELECT count(*) FROM risk.account_seen")
    return number


async def rescored(
    owner: Conn, rpc: Rpc, tenant_id: UUID, processes: dict[str, psutil.Process]
) -> Spent:
    """Ask for every score anew and wait until the work is done."""
    await owner.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    await owner.execute("SELECT pg_stat_statements_reset()")
    everything = {
        **processes,
        "PostgreSQL": postgres(await owner.fetchval("SELECT pg_backend_pid()")),
    }
    before = {name: cpu_s(process) for name, process in everything.items()}
    began_at, begun = await owner.fetchval("SELECT clock_timestamp()"), time.monotonic()
    call = Call(remote("risk.scores.rescore", int), {"account_ids": None})
    await rpc.send(auth.system(tenant_id), call, timeout_s=600)
    left = "SELECT count(*) FROM risk.work WHERE list = $1 AND wanted > done"
    while await owner.fetchval(left, RESCORE.name):  # noqa: ASYNC110 - PostgreSQL tells no other way
        await asyncio.sleep(1)
    return Spent(
        seconds=time.monotonic() - begun,
        scored=await owner.fetchval(
            "SELECT count(*) FROM risk.score WHERE scored_at >= $1", began_at
        ),
        cpu_s={name: cpu_s(process) - before[name] for name, process in everything.items()},
        statements=await statements(owner),
    )


def postgres(backend: int) -> psutil.Process:
    """The server whose child a backend is."""
    parent = psutil.Process(backend).parent()
    if parent is None:
        raise RuntimeError("PostgreSQL ended")
    return parent


def cpu_s(process: psutil.Process) -> float:
    """Of a process and the children it has."""
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return sum(t.user + t.system for t in times)


async def statements(owner: Conn) -> list[tuple[str, float, int]]:
    """What PostgreSQL spent most time on."""
    rows = await owner.fetch(
        "SELECT r.rolname, s.query, s.total_exec_time + s.total_plan_time AS ms, s.calls"
        " FROM pg_stat_statements AS s JOIN pg_roles AS r ON r.oid = s.userid"
        " WHERE r.rolname LIKE 'tenure\\_%' ORDER BY 3 DESC LIMIT $1",
        STATEMENTS,
    )
    return [
        (f"{r['rolname'].removeprefix('tenure_')}: {title(r['query'])}", r["ms"], r["calls"])
        for r in rows
    ]


def title(query: str) -> str:
    """The first line that says something."""
    lines: Sequence[str] = [line.strip() for line in query.strip().splitlines()]
    return next((line for line in lines if not line.startswith("--")), "")[:80]


def shown(spent: Spent) -> Table:
    """Where the time went."""
    table = Table("where", "s", "µs a score", "calls")
    for name, seconds in sorted(spent.cpu_s.items(), key=lambda item: -item[1]):
        each = 1e6 * seconds / max(spent.scored, 1)
        table.add_row(f"CPU of {name}", f"{seconds:.1f}", f"{each:.0f}", "")
    table.add_section()
    for name, ms, calls in spent.statements:
        table.add_row(
            name, f"{ms / 1e3:.1f}", f"{1e3 * ms / max(spent.scored, 1):.0f}", f"{calls:,}"
        )
    return table


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("accounts", type=int, nargs="?", default=100_000)
    sys.exit(asyncio.run(main(options.parse_args().accounts)))

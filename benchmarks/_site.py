"""An installation for a benchmark: real servers, the processes asked for, rows over HTTP."""

import subprocess
import tempfile
import time
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg
import msgspec
import psutil

from infra.servers.embedded import start_postgres, start_valkey
from infra.suite import programs
from infra.supervising.program import Program
from shared.platform import auth
from shared.platform.auth import Principal, Signer
from shared.platform.config import Settings
from shared.platform.db import Conn
from shared.platform.migrate import migrate_all


@dataclass(frozen=True)
class Site:
    """A durable PostgreSQL, a Valkey, and a client of whatever runs."""

    settings: Settings
    owner: Conn
    session: aiohttp.ClientSession
    postgres: psutil.Process
    ours: list[psutil.Process] = field(default_factory=list[psutil.Process])
    """Services and workers that run now."""

    async def tenant(self, name: str) -> UUID:
        """A new tenant, whose rows the owner's connection sees from here on."""
        tenant = await auth.create_tenant(self.owner, name)
        await self.owner.execute("SELECT set_config('tenure.tenant', $1, false)", str(tenant))
        return tenant

    @contextmanager
    def running(self, *names: str, ready: bool = True) -> Generator[None]:
        """Services and workers by name, each a process of its own, until the block ends."""
        by_name = {
            p.name: p for p in (*programs.services(self.settings), *programs.workers(self.settings))
        }
        with ExitStack() as stack:
            for name in names:
                self.ours.append(stack.enter_context(started(by_name[name], ready=ready)))
            yield
            del self.ours[-len(names) :]

    def cpu_s(self) -> tuple[float, float]:
        """Processor time until now: of services and workers, and of PostgreSQL."""
        return total_s(self.ours), total_s([self.postgres, *self.postgres.children()])

    async def send(self, tenant: UUID, service: str, kind: str, rows: Sequence[Any]) -> float:
        """Post rows that must all be taken; how long the answer took, in seconds."""
        body = msgspec.json.encode(rows)
        principal = Principal(tenant, "bench", auth.SCOPES)
        headers = {auth.HEADER: Signer(self.settings).seal(principal)}
        url = f"{self.settings.service_url(service)}/v1/{kind}"
        begun = time.perf_counter()
        async with self.session.post(url, data=body, headers=headers) as response:
            answer = await response.read()
        took = time.perf_counter() - begun
        if response.status != 202 or answer.count(b'"accepted"') != len(rows):
            raise RuntimeError(f"{response.status}: {answer[:500].decode()}")
        return took


@asynccontextmanager
async def site(port: int) -> AsyncGenerator[Site]:
    """Servers of their own, gone at the end."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        settings = Settings.from_env(
            {"TENURE_DATA_DIR": folder, "TENURE_PORT": str(port)}, begins=True
        )
        postgres = stack.enter_context(start_postgres(settings, keep=False))
        stack.enter_context(start_valkey(settings, keep=False))
        await migrate_all(settings)
        owner = await asyncpg.connect(settings.owner_database_url)
        async with aiohttp.ClientSession() as session:
            yield Site(settings, owner, session, psutil.Process(postgres.pid))
        await owner.close()


def total_s(processes: Sequence[psutil.Process]) -> float:
    """Processor time of all, in seconds."""
    times = [process.cpu_times() for process in processes]
    return sum(each.user + each.system for each in times)


@contextmanager
def started(program: Program, *, ready: bool = True) -> Generator[psutil.Process]:
    """A program until it is left; ready when it says so, unless nobody waits for that."""
    process = subprocess.Popen(
        program.command, env=program.env, cwd=program.cwd, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            if not ready or program.ready():
                break
            time.sleep(0.1)
        else:
            raise TimeoutError(f"{program.name} did not start")
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)

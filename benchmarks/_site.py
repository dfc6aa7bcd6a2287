"""An installation for a benchmark: real servers, the processes asked for, rows over HTTP."""

import subprocess
import tempfile
import time
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
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

    async def tenant(self, name: str) -> UUID:
        """A new tenant, whose rows the owner's connection sees from here on."""
        tenant = await auth.create_tenant(self.owner, name)
        await self.owner.execute("SELECT set_config('tenure.tenant', $1, false)", str(tenant))
        return tenant

    @contextmanager
    def running(self, *names: str, ready: bool = True) -> Generator[None]:
        """Services and workers by name, each a process of its own, until the block ends."""
        known = {
            p.name: p for p in (*programs.services(self.settings), *programs.workers(self.settings))
        }
        with ExitStack() as stack:
            for name in names:
                stack.enter_context(started(known[name], ready=ready))
            yield

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
        settings = Settings.from_env({"TENURE_DATA_DIR": folder, "TENURE_PORT": str(port)})
        stack.enter_context(start_postgres(settings, keep=False))
        stack.enter_context(start_valkey(settings, keep=False))
        await migrate_all(settings)
        owner = await asyncpg.connect(settings.owner_database_url)
        async with aiohttp.ClientSession() as session:
            yield Site(settings, owner, session)
        await owner.close()


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

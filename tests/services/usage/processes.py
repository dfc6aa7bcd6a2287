"""The usage service and the gateway behind real sockets, and a line to them that is cut."""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import aiohttp
import asyncpg
import msgspec
import uvicorn
from starlette.applications import Starlette

from graph import app as graph_app
from services.usage.app import SERVICE
from shared.platform import auth
from shared.platform.auth import Principal, Signer
from shared.platform.config import Settings
from shared.process.service import build
from shared.process.worker import Endpoint
from tests.journeys.processes import until


@dataclass(frozen=True)
class Served:
    """Addresses, and a session to ask them."""

    settings: Settings
    session: aiohttp.ClientSession
    usage: Starlette

    @property
    def gateway(self) -> str:
        return f"http://127.0.0.1:{self.settings.port}"

    async def post(
        self, path: str, body: object, caller: Principal, *, packed: bool = False
    ) -> tuple[int, Any, Any]:
        """Status, body and headers of what the service itself answers."""
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        headers = {auth.HEADER: Signer(self.settings).seal(caller)}
        if packed:
            raw, headers["content-encoding"] = gzip.compress(raw), "gzip"
        url = f"{self.settings.service_url('usage')}/v1/{path}"
        async with self.session.post(url, data=BytesIO(raw), headers=headers) as response:
            return response.status, await response.json(), response.headers


@asynccontextmanager
async def served(settings: Settings) -> AsyncGenerator[Served]:
    """Both started, and stopped at the end."""
    usage = build(SERVICE, settings)
    async with AsyncExitStack() as stack:
        for app, port in (
            (usage, settings.service_port("usage")),
            (graph_app.build(settings), settings.port),
        ):
            await stack.enter_async_context(_listening(app, port))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield Served(settings, session, usage)


@asynccontextmanager
async def _listening(app: Starlette, port: int) -> AsyncGenerator[None]:
    server = Endpoint(
        uvicorn.Config(app, "127.0.0.1", port, log_level="error", timeout_graceful_shutdown=1)
    )
    task = asyncio.create_task(server.serve())
    await until(lambda: _has(server.started), 10, 0.01)
    yield
    server.should_exit = True
    await task


async def _has(started: bool) -> bool:
    return started


async def a_key(settings: Settings, tenant: Any, *scopes: str) -> str:
    """An API key of the tenant."""
    conn = await asyncpg.connect(settings.owner_database_url)
    try:
        return (await auth.create_key(conn, tenant, "test", scopes))[1]
    finally:
        await conn.close()


REQUEST = b"POST /v1/"


@dataclass
class Line:
    """Passes bytes on, until too many requests came; `reaches_us`: the last one is still heard."""

    url: str
    server_port: int
    after: int
    reaches_us: bool
    requests: int = 0

    async def carry(self, here: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """One connection of a client."""
        there, on = await asyncio.open_connection("127.0.0.1", self.server_port)
        answers = asyncio.create_task(_copied(there, back))
        try:
            while some := await here.read(1 << 20):
                self.requests += some.startswith(REQUEST)
                if self.requests > self.after:
                    await _ended(answers)
                    if self.reaches_us:
                        await _passed_on(some, here, on)
                        await there.read(1)  # it has answered; nobody will know
                    break
                on.write(some)
                await on.drain()
        finally:
            answers.cancel()
            back.close()
            on.close()


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait({task})


async def _passed_on(some: bytes, here: asyncio.StreamReader, on: asyncio.StreamWriter) -> None:
    """The request that begins like this, to its end."""
    head, _, body = some.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    on.write(some + await here.readexactly(length - len(body)))
    await on.drain()


async def _copied(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while some := await source.read(1 << 20):
            to.write(some)
            await to.drain()


@asynccontextmanager
async def cut_off(server_port: int, after: int, *, reaches_us: bool) -> AsyncGenerator[Line]:
    """A line to the server on that port of this machine."""
    line = Line("", server_port, after, reaches_us)
    server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    line.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield line

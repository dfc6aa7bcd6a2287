"""The usage service and the gateway behind real sockets, in the test's own loop."""

import asyncio
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
from tests.journeys.stack import until


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

"""Five services and the gateway on real ports, within the test's own process."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp

from graph import app as graph_app
from shared.platform.config import Settings
from shared.process.service import build
from tests.graph.suite import SERVICES
from tests.serving import serving


@dataclass(frozen=True)
class Installation:
    """Where they answer, and a session to ask them."""

    settings: Settings
    session: aiohttp.ClientSession

    @property
    def gateway(self) -> str:
        """The gateway's address."""
        return f"http://127.0.0.1:{self.settings.port}"

    async def ask(
        self, url: str, method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """Status and body; what is posted is a list of nothing."""
        async with self.session.request(method, url, data=b"[]", headers=headers) as response:
            return response.status, await response.text(errors="replace")


@asynccontextmanager
async def start_all(
    settings: Settings, without: frozenset[str] = frozenset()
) -> AsyncGenerator[Installation]:
    """All of them, but for the services named."""
    async with AsyncExitStack() as stack:
        for service in SERVICES:
            if service.name not in without:
                port = settings.service_port(service.name)
                await stack.enter_async_context(serving(build(service, settings), port))
        await stack.enter_async_context(serving(graph_app.build(settings), settings.port))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield Installation(settings, session)

"""An application behind a real port, within the test's own process."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette

from shared.process.serving import Server, configured, stopping


@asynccontextmanager
async def serving(app: Starlette, port: int, **options: Any) -> AsyncGenerator[None]:
    """The application answers on the port of this machine until the block ends."""
    chosen: dict[str, Any] = {"ws": "none", "timeout_graceful_shutdown": 5} | options
    config = configured(app, "127.0.0.1", port, log_config=None, **chosen)
    server = Server(config, stopping(app))  # lets long polls go when it ends
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells no other way
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        await task

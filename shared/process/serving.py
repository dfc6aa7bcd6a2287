"""A process that answers until it is told to stop, and what was only waiting then ends at once."""

import asyncio
import contextlib
import logging
import resource
import socket
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

import uvicorn
from starlette.applications import Starlette

from shared.process.connections import Connection, WebSocketConnection

T = TypeVar("T")
STARTUP_FAILURE = 3
SWITCH_S = 0.001
"""How long a thread that reads a large body may keep the loop waiting, each time."""


class Server(uvicorn.Server):
    """Tells the application first: whoever waits for news need not be waited for."""

    def __init__(self, config: uvicorn.Config, stopping: asyncio.Event) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let long polls go, then as uvicorn does."""
        self._stopping.set()
        await super().shutdown(sockets)


def stopping(app: Starlette) -> asyncio.Event:
    """Set as soon as the process is told to stop."""
    if not hasattr(app.state, "stopping"):
        app.state.stopping = asyncio.Event()
    event: asyncio.Event = app.state.stopping
    return event


async def unless_stopped(app: Starlette, work: Coroutine[Any, Any, T], otherwise: T) -> T:
    """The outcome of work that only waits for news, or what to answer when the process stops."""
    task = asyncio.create_task(work)
    stop = asyncio.create_task(stopping(app).wait())
    try:
        await asyncio.wait((task, stop), return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else otherwise
    finally:
        task.cancel()
        stop.cancel()


def configured(app: Starlette, host: str, port: int, **options: Any) -> uvicorn.Config:
    """uvicorn with our choices: quiet, no server header, no patience with who is unknown."""
    chosen: dict[str, Any] = {"http": Connection, "ws": WebSocketConnection, "log_level": "warning"}
    chosen |= {"access_log": False, "server_header": False} | options
    return uvicorn.Config(app, host=host, port=port, **chosen)


def serve(app: Starlette, host: str, port: int, **options: Any) -> None:
    """Answer until told to stop, with a bounded goodbye."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s"
    )
    _allow_many_sockets()
    sys.setswitchinterval(SWITCH_S)
    config = configured(app, host, port, timeout_graceful_shutdown=5, **options)
    server = Server(config, stopping(app))
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)


def _allow_many_sockets() -> None:
    """As many as the system lets us have; often only a fraction is granted at first."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

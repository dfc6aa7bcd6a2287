"""A line to a server that is cut after so many requests."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

REQUEST = b"POST /v1/"


@dataclass
class Line:
    """Passes bytes on, until too many requests came; `heard`: the server still gets the last."""

    url: str
    server_port: int
    after: int
    heard: bool
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
                    if self.heard:
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
async def cut_off(server_port: int, after: int, *, heard: bool) -> AsyncGenerator[Line]:
    """A line to the server on that port of this machine."""
    line = Line("", server_port, after, heard)
    server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    line.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield line

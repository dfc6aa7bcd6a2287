"""Floods, each by a process of its own: `python -m tests.faults.flooding <kind> <port> <key>`.

It says `open` as soon as the flood is under way, and goes on until it is ended.
"""

import asyncio
import contextlib
import os
import secrets
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

import aiohttp

Flood: TypeAlias = Callable[["Target"], Awaitable[None]]
QUERY = "{ accounts(first: 50) { nodes { id name usage { asOf } } } }"
UPDATES = "subscription { riskUpdates { cursor } }"
PATIENCE = aiohttp.ClientTimeout(total=120)


class Target:
    """The gateway's port, and a key of the tenant that floods; nothing for the unknown."""

    def __init__(self, port: int, key: str) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.headers = {"authorization": f"Bearer {key}"} if key else {}

    async def part(self, text: str, size: int = 0) -> None:
        """A connection that says so much and no more, opened anew when it is closed."""
        while True:
            with contextlib.suppress(OSError):
                here, there = await asyncio.open_connection("127.0.0.1", self.port)
                there.write(text.encode() + b" " * size)
                await there.drain()
                await here.read()
                there.close()
            await asyncio.sleep(0.1)

    def head(self, path: str, length: int) -> str:
        """The head of a request whose body is announced and does not come."""
        lines = [f"POST {path} HTTP/1.1", "host: x", f"content-length: {length}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join(lines) + "\r\n\r\n"

    async def ask(
        self,
        session: aiohttp.ClientSession,
        method: str,
        path: str,
        pause_s: float,
        **options: object,
    ) -> None:
        """Ask, read the answer, and ask again."""
        while True:
            headers = self.headers | dict(options.get("headers") or {})  # type: ignore[call-overload]
            rest = {name: value for name, value in options.items() if name != "headers"}
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with session.request(
                    method,
                    self.url + path,
                    headers=headers,
                    timeout=PATIENCE,
                    **rest,  # type: ignore[arg-type]
                ) as answer:
                    await answer.read()
                    again_s = float(answer.headers.get("retry-after", pause_s))
            await asyncio.sleep(again_s if answer.status in (429, 503) else pause_s)


@asynccontextmanager
async def sessions() -> AsyncGenerator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        yield session


async def unfinished_posts(target: Target) -> None:
    """Bodies that do not come, to every door."""
    paths = ("/v1/track", "/v1/events", "/graphql", "/v1/batch")
    await asyncio.gather(*(target.part(target.head(paths[n % 4], 9_999), 100) for n in range(256)))


async def unfinished_heads(target: Target) -> None:
    """Heads that do not end."""
    await asyncio.gather(
        *(target.part("GET / HTTP/1.1\r\nhost: x\r\nx-slow: ") for _ in range(375))
    )


async def sockets_without_init(target: Target) -> None:
    """WebSockets on which nobody signs in."""
    upgrade = (
        "GET /graphql HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
        "sec-websocket-version: 13\r\nsec-websocket-protocol: graphql-transport-ws\r\n"
        "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    await asyncio.gather(*(target.part(upgrade) for _ in range(300)))


async def wrong_keys(target: Target) -> None:
    """Keys that nobody has, a new one each time."""

    async def guess(session: aiohttp.ClientSession) -> None:
        while True:
            wrong = {"authorization": f"Bearer tnr_{secrets.token_hex(16)}"}
            with contextlib.suppress(aiohttp.ClientError):
                async with session.post(f"{target.url}/v1/events", data=b"[]", headers=wrong) as no:
                    await no.read()
            await asyncio.sleep(0.2)

    async with sessions() as session:
        await asyncio.gather(*(guess(session) for _ in range(64)))


async def readers(target: Target) -> None:
    """Readers of the feed that wait for news."""
    async with sessions() as session:
        feed = "/v1/feeds/risk?timeout=20"
        await asyncio.gather(*(target.ask(session, "GET", feed, 0) for _ in range(200)))


async def subscribers(target: Target) -> None:
    """Subscriptions over server-sent events."""
    async with sessions() as session:
        stream = {"accept": "text/event-stream"}
        asking = (
            target.ask(session, "POST", "/graphql", 1, json={"query": UPDATES}, headers=stream)
            for _ in range(200)
        )
        await asyncio.gather(*asking)


async def queries(target: Target) -> None:
    """The same query, over and over, from 200 at a time."""
    async with sessions() as session:
        await asyncio.gather(
            *(target.ask(session, "POST", "/graphql", 0, json={"query": QUERY}) for _ in range(200))
        )


async def large_batches(target: Target) -> None:
    """Batches of a megabyte of rows that nobody can use."""
    body = b"[" + b",".join([b'{"id":"x","feature":"' + b"f" * 400 + b'"}'] * 2_400) + b"]"
    async with sessions() as session:
        await asyncio.gather(
            *(target.ask(session, "POST", "/v1/events", 0, data=body) for _ in range(64))
        )


BY_UNKNOWN: tuple[Flood, ...] = (
    unfinished_posts, unfinished_heads, sockets_without_init, wrong_keys,
)  # fmt: skip
BY_TENANT: tuple[Flood, ...] = (unfinished_posts, readers, subscribers, queries, large_batches)


async def main(kind: str, port: str, key: str) -> None:
    flood: Flood = globals()[kind]
    work = asyncio.ensure_future(flood(Target(int(port), key)))
    await asyncio.sleep(2)
    sys.stdout.write("open\n")
    sys.stdout.flush()
    await work


if __name__ == "__main__":
    os.nice(10)  # what is measured beside it is the suite, not who gets this machine
    asyncio.run(main(*sys.argv[1:]))

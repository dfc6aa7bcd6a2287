"""The unknown leave within seconds and take nothing from others; a tenant takes its share."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from shared.platform import auth
from shared.platform.config import Settings
from shared.platform.db import Conn
from shared.platform.limits import FORWARDED_BATCHES, HEADS, SOCKETS_BEFORE_INIT, SUBSCRIPTIONS
from shared.process.connections import CLOSED_WITHIN_S
from tests.graph.processes import Installation, start_all

UPGRADE = (
    "GET /graphql HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
    "sec-websocket-version: 13\r\nsec-websocket-protocol: graphql-transport-ws\r\n"
    "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
MESSAGE = {"userId": "ann", "event": "x"}
VIEWER = {"query": "{ viewer { tenant } }"}
UPDATES = {"query": "subscription { riskUpdates { cursor } }"}
SLACK_S = 2.0


@pytest.fixture
async def installation(settings: Settings) -> AsyncIterator[Installation]:
    async with start_all(settings) as installation:
        yield installation


@pytest.fixture
async def keys(tenant: UUID, other_tenant: UUID, owner: Conn) -> tuple[str, str]:
    """A key of the tenant that asks for too much, and one of another."""
    flooding, other = [
        (await auth.create_key(owner, whose, "gates", auth.SCOPES))[1]
        for whose in (tenant, other_tenant)
    ]
    return flooding, other


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def head(path: str, headers: Mapping[str, str]) -> str:
    lines = [f"POST {path} HTTP/1.1", "host: x", "content-length: 9999"]
    return (
        "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items())])
        + "\r\n\r\n["
    )


@asynccontextmanager
async def parts(port: int, number: int, text: str) -> AsyncGenerator[list[asyncio.StreamReader]]:
    """Connections on which so much was said and no more is coming."""
    ends = [await asyncio.open_connection("127.0.0.1", port) for _ in range(number)]
    for _, there in ends:
        there.write(text.encode())
    await asyncio.sleep(0.5)
    yield [here for here, _ in ends]
    for _, there in ends:
        there.close()


async def open_until(here: asyncio.StreamReader) -> float:
    """When the other side closed."""
    with suppress(ConnectionError):
        while await here.read(65_536):
            pass
    return time.monotonic()


async def posted(
    installation: Installation, path: str, body: Any, headers: Mapping[str, str]
) -> tuple[int, Any, str | None]:
    url = f"{installation.gateway}{path}"
    async with installation.session.post(url, json=body, headers=headers) as answer:
        return answer.status, await answer.json(), answer.headers.get("retry-after")


@pytest.mark.parametrize("path", ["/v1/events", "/v1/track", "/graphql"])
async def test_bodies_that_the_unknown_do_not_finish_stop_nobody(
    path: str, installation: Installation, keys: tuple[str, str]
) -> None:
    port, (_, key) = installation.settings.port, keys
    async with parts(port, 100, head(path, {})):
        begun = time.monotonic()
        assert (await posted(installation, "/v1/events", [], bearer(key)))[0] == 202
        assert (await posted(installation, "/v1/track", MESSAGE | {"writeKey": key}, {}))[0] == 200
        assert (await posted(installation, "/graphql", VIEWER, bearer(key)))[0] == 200
        assert time.monotonic() - begun < SLACK_S


@pytest.mark.parametrize(
    ("text", "within_s"),
    [
        ("", HEADS[1]), ("GET / HTTP/1.1\r\nx-slow: ", HEADS[1]),
        (head("/graphql", {}), HEADS[1]), (UPGRADE, SOCKETS_BEFORE_INIT[1] + CLOSED_WITHIN_S),
    ],
    ids=["nothing", "half a head", "a body behind its answer", "a socket without init"],
)  # fmt: skip
async def test_connections_of_the_unknown_are_closed_within_seconds(
    text: str, within_s: float, installation: Installation
) -> None:
    begun = time.monotonic()
    async with parts(installation.settings.port, 100, text) as ends:
        async with asyncio.timeout(within_s + 10):
            times = await asyncio.gather(*map(open_until, ends))
    assert max(times) - begun < within_s + SLACK_S


async def test_more_heads_than_there_are_places_send_the_oldest_away(
    installation: Installation,
) -> None:
    port = installation.settings.port
    async with parts(port, 50, "GET") as oldest, parts(port, HEADS[0], "GET"):
        begun = time.monotonic()
        async with asyncio.timeout(1):
            await asyncio.gather(*map(open_until, oldest))
        assert time.monotonic() - begun < 1


async def test_readers_and_subscribers_of_a_key_have_their_share_and_queries_go_on(
    installation: Installation, keys: tuple[str, str]
) -> None:
    key, another = keys
    url = f"{installation.gateway}/v1/feeds/risk?timeout=20"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        readers = [
            asyncio.create_task(_status(session, url, bearer(key)))
            for _ in range(SUBSCRIPTIONS.key + 20)
        ]
        done, _ = await asyncio.wait(readers, timeout=3)
        assert [reader.result() for reader in done] == [(429, "1")] * 20
        stream = bearer(key) | {"accept": "text/event-stream"}
        status, answer, retry = await posted(installation, "/graphql", UPDATES, stream)
        assert (status, retry) == (429, "1")
        assert f"of at most {SUBSCRIPTIONS.key}; send this one again in 1 s" in str(answer)
        begun = time.monotonic()
        for each in (key, another):
            assert (await posted(installation, "/graphql", VIEWER, bearer(each)))[0] == 200
            assert (await posted(installation, "/v1/events", [], bearer(each)))[0] == 202
        feed = await _status(session, url.replace("20", "0"), bearer(another))
        assert feed[0] == 200
        assert time.monotonic() - begun < SLACK_S
        for reader in readers:
            reader.cancel()


async def _status(session: Any, url: str, headers: Mapping[str, str]) -> tuple[int, str | None]:
    async with session.get(url, headers=headers) as answer:
        await answer.read()
        return answer.status, answer.headers.get("retry-after")


async def test_batches_of_a_key_beyond_its_share_are_429_and_others_are_taken(
    installation: Installation, keys: tuple[str, str]
) -> None:
    key, another = keys
    port = installation.settings.port
    async with parts(port, FORWARDED_BATCHES.key, head("/v1/events", bearer(key))):
        status, answer, retry = await posted(installation, "/v1/events", [], bearer(key))
        assert (status, retry, answer["error"]["code"]) == (429, "1", "TOO_MANY_REQUESTS")
        assert f"of this key are under way, of at most {FORWARDED_BATCHES.key};" in str(answer)
        assert (await posted(installation, "/v1/events", [], bearer(another)))[0] == 202
        whole = await posted(installation, "/v1/track", MESSAGE, bearer(key))
        assert (whole[0], whole[1]["success"]) == (429, False)

"""Every route refuses in its own shape and with the right status, whatever it is asked with."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any, TypeAlias

import asyncpg
import orjson
import pytest

from graph import app as graph_app
from graph.scopes import FEED, REPORT, ROUTES, SEGMENT
from shared.platform import auth
from shared.platform.auth import SCOPES, Signer
from shared.platform.config import Settings
from shared.process.rpc import DEADLINE
from shared.process.service import build
from tests.graph.processes import SERVICES, Installation, start_all
from tests.graph.test_scopes import methods

Question: TypeAlias = tuple[str, str, Mapping[str, str], set[int]]
"""A route's path, the address asked, the headers, and the statuses that are right."""
FOREIGN = {f"/v1/{kind}" for kind in SEGMENT}
NUMBERS = ["²", "", "-1", "1e3", "٣", "0x10", "NaN", "inf", "9" * 40, "1\0", " 1", "1.5.5", "🎈"]
TEXTS = ["\0", "!!!", "a" * 3_000, "Zm9v", "🎈", "%"]
QUERIES: Mapping[str, Mapping[str, list[str]]] = {
    FEED: {"limit": NUMBERS, "timeout": NUMBERS, "after": TEXTS},
    "/log": {"after": NUMBERS, "limit": NUMBERS, "wait_s": NUMBERS, "types": TEXTS},
}
"""What is read of a query, by the route that reads it."""
HEADERS: Mapping[str, list[str]] = {
    DEADLINE: ["²", "-1", "0", "soon", "9" * 40, "1.5"],
    "content-encoding": ["br", "²", "gzip, gzip"],
}
ODD_HEADERS: Mapping[str, list[str]] = {
    "traceparent": ["²", "00-0-0-0", "x" * 3_000],
    "content-type": ["²", "x" * 3_000, ";;;"],
    "accept": ["²", ";;;", "text/event-stream;²"],
    auth.HEADER: ["²", "zz", "00"],
    "authorization": ["²", "Bearer", "Bearer tnr_²", "Basic ²", "Basic !!!", "Bearer  tnr_\t"],
}
ADDRESSES = [
    "/v1/models/%00/report",
    "/console/%00",
    "/v1/%00",
    "/v1/none",
    "/%ff",
    "/console/%2e%2e/x",
]


@pytest.fixture
async def installation(settings: Settings) -> AsyncIterator[Installation]:
    async with start_all(settings) as installation:
        yield installation


async def ask(
    port: int, address: str, method: str, headers: Mapping[str, str]
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body, with headers of any bytes; 0 where there is no answer at all."""
    here, there = await asyncio.open_connection("127.0.0.1", port)
    body = b"" if method == "GET" else b"[]"
    named = {"host": "x", "connection": "close", "content-length": str(len(body)), **headers}
    head = [f"{method} {address} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
    there.write("\r\n".join(head).encode("latin-1", "replace") + b"\r\n\r\n" + body)
    async with asyncio.timeout(10):
        answer = await here.read()
    there.close()
    top, _, rest = answer.partition(b"\r\n\r\n")
    lines = top.decode("latin-1").split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in lines[1:])
    return int(lines[0].split(" ")[1]) if answer else 0, fields, rest


def flaw(path: str, status: int, fields: Mapping[str, str], body: bytes) -> str:
    """What is wrong with a refusal on that path; empty where nothing is."""
    try:
        answer: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "the body is no JSON"
    if path == "/graphql":
        ok = all(error["extensions"]["code"] for error in answer["errors"])
    elif path in FOREIGN:
        ok = answer["success"] is False and answer["code"] and answer["message"]
    else:
        ok = answer["error"]["code"] and answer["error"]["message"]
    if not ok:
        return "another shape"
    asked_again = "retry-after" in fields
    return "" if asked_again == (status in (429, 503)) else "coming again does not help"


async def refusals(
    port: int, questions: Iterator[Question], by_path: Mapping[str, str]
) -> list[Any]:
    """Those of the questions that are not refused as they should be."""
    wrong: list[Any] = []
    for path, address, headers, allowed in questions:
        status, fields, body = await ask(port, address, by_path.get(path, "GET"), headers)
        problem = flaw(path, status, fields, body) if status >= 400 else ""
        if status not in allowed or problem:
            wrong.append((address[:80], dict(headers), status, problem, body[:200]))
    return wrong


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def quoted(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


async def test_no_key_is_401_and_a_key_without_the_scope_403_in_the_shape_of_the_route(
    installation: Installation, principal: auth.Principal, owner: asyncpg.Connection
) -> None:
    routes = methods(graph_app.build(installation.settings))
    keys = {
        scope: (await auth.create_key(owner, principal.tenant_id, scope, (scope,)))[1]
        for scope in SCOPES
    }

    def questions() -> Iterator[Question]:
        for path, needed in ROUTES.items():
            address = path.format(version="x")
            for wrong in ({}, bearer("tnr_00000000_nobody"), bearer("x"), {"authorization": "?"}):
                yield path, address, wrong, {401}
            for scope in SCOPES:
                allowed = {200, 202, 400, 404} if scope == needed else {403}
                yield path, address, bearer(keys[scope]), allowed
        yield "/graphql", "/graphql", {}, {401}
        yield "/graphql", "/graphql", bearer("tnr_00000000_nobody"), {401}

    assert await refusals(installation.settings.port, questions(), routes) == []


async def test_hostile_queries_headers_and_addresses_are_400_at_the_gateway(
    installation: Installation, principal: auth.Principal, owner: asyncpg.Connection
) -> None:
    _, key = await auth.create_key(owner, principal.tenant_id, "all", SCOPES)
    routes = methods(graph_app.build(installation.settings))

    questions = chain(addresses(key), headers(key, routes))
    assert await refusals(installation.settings.port, questions, routes) == []


def addresses(key: str) -> Iterator[Question]:
    """Queries and paths that nobody means."""
    for name, values in QUERIES[FEED].items():
        for value in values:
            yield FEED, f"{FEED}?{name}={quoted(value)}", bearer(key), {400}
    for address in ADDRESSES:
        yield address, address, bearer(key), {400, 404}
    yield REPORT, f"/v1/models/{'x' * 300}/report", bearer(key), {400}


def headers(key: str, by_path: Mapping[str, str]) -> Iterator[Question]:
    """Headers that nobody means; the server itself answers what is no length."""
    for path in (*ROUTES, "/graphql"):
        address = path.format(version="x")
        reads_body = by_path[path] == "POST" and path != "/graphql"
        for value in HEADERS["content-encoding"]:
            allowed = {400} if reads_body else {200, 400, 404}
            yield path, address, bearer(key) | {"content-encoding": value}, allowed
        for name, values in ODD_HEADERS.items():
            allowed = {401} if name == "authorization" else {200, 202, 400, 404, 415}
            for value in values:
                yield path, address, bearer(key) | {name: value}, allowed


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
async def test_hostile_queries_headers_and_addresses_are_400_at_a_service(
    service: Any, installation: Installation, principal: auth.Principal
) -> None:
    settings = installation.settings
    routes = methods(build(service, settings))
    sealed = {auth.HEADER: Signer(settings).seal(principal)}
    nobody = {auth.HEADER: Signer(settings).seal(replace(principal, scopes=()))}

    def questions() -> Iterator[Question]:
        for name, values in QUERIES["/log"].items():
            for value in values:
                allowed = {200} if value == "" and name == "types" else {400}
                yield "/log", f"/log?{name}={quoted(value)}", sealed, allowed
        for path in routes.keys() - {"/healthz", "/readyz", f"/rpc/{service.name}"}:
            yield path, path, nobody, {403}
            for value in HEADERS[DEADLINE]:
                yield path, path, sealed | {DEADLINE: value}, {400}
            for value in ODD_HEADERS[auth.HEADER]:
                yield path, path, {auth.HEADER: value}, {403}
            for value in chain(ODD_HEADERS["traceparent"], ODD_HEADERS["content-type"]):
                yield path, path, sealed | {"traceparent": value}, {200, 202, 400}
        yield "/none", "/none", sealed, {404}
        yield "/%00", "/%00", sealed, {400}

    assert await refusals(settings.service_port(service.name), questions(), routes) == []

"""A mistake in one operation on a WebSocket is said to that operation; the others live on."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import aiohttp
import pytest
import websockets
from hypothesis import given
from hypothesis import settings as example_settings
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection

from services.risk.actions import models as models_actions
from services.risk.actions import scores as scores_actions
from services.risk.domain.queue import UpdateReason
from services.risk.store.queue import ask
from shared.platform import auth
from shared.platform.auth import Principal
from shared.platform.config import Settings
from shared.platform.db import Conn
from tests.conftest import DatabaseOf
from tests.graph.processes import Suite, fill, of, served
from tests.services.risk.examples import a_model, a_score, later

UPDATES = "subscription { riskUpdates { cursor account { id } } }"
NOT_VALID: dict[str, dict[str, Any]] = {
    "a syntax error": {"query": "query {"},
    "a comment alone": {"query": "#"},
    "an unknown field": {"query": "{ nope }"},
    "an unknown type": {"query": "query($a: Nope) { node(id: $a) { id } }"},
    "operations without a name": {"query": "query a { __typename } query b { __typename }"},
    "nested too deep": {"query": "{a" * 1_900},
    "too many tokens": {"query": f"{{ {'a ' * 9_000} }}"},
    "too long a number": {"query": f"{{ accounts(first: {'9' * 5_000}) {{ nodes {{ id }} }} }}"},
    "a variable left out": {"query": "query($a: ID!) { node(id: $a) { id } }"},
    "a variable of another type": {
        "query": "query($a: Int) { accounts(first: $a) { nodes { id } } }",
        "variables": {"a": "x"},
    },
    "two subscriptions in one": {
        "query": "subscription { a: riskUpdates { cursor } b: riskUpdates { cursor } }"
    },
}
UNCLEAR: dict[str, dict[str, Any]] = {
    "no document": {"query": ""},
    "no operation": {"query": "fragment a on Query { __typename }"},
    "an operation that is not there": {"query": "query a { __typename }", "operationName": "b"},
}
REFUSED: dict[str, dict[str, Any]] = {
    "an id of nothing": {"query": '{ node(id: "x") { id } }'},
    "a null": {
        "query": "query($a: Boolean = true) { viewer { tenant @skip(if: $a) } }",
        "variables": {"a": None},
    },
    "a cursor of nobody": {"query": 'subscription { riskUpdates(after: "x") { cursor } }'},
    "a filter of nothing": {
        "query": 'subscription { riskUpdates(filter: {accountIds: ["x"]}) { cursor } }'
    },
}
MISTAKES = {
    name: (payload, code)
    for code, payloads in (
        ("GRAPHQL_VALIDATION_FAILED", NOT_VALID), ("BAD_REQUEST", UNCLEAR),
        ("INVALID_INPUT", REFUSED),
    )
    for name, payload in payloads.items()
}  # fmt: skip
QUERY = {"query": "{ viewer { tenant } }"}
NO_MESSAGES: list[Any] = [
    [1], "x", 5, None, True, {}, {"type": 5}, {"type": ["ping"]}, {"type": "nope"}, {"id": "1"},
    {"type": "ping", "payload": 5}, {"type": "complete"}, {"type": "complete", "id": 5},
    *({"type": "subscribe", "id": id, "payload": QUERY} for id in (None, 5, "", ["1"])),
    {"type": "subscribe", "payload": QUERY}, {"type": "subscribe", "id": "1"},
    *({"type": "subscribe", "id": "1", "payload": payload} for payload in (None, [], "x", {})),
    *({"type": "subscribe", "id": "1", "payload": QUERY | more} for more in (
        {"query": 5}, {"query": None}, {"variables": [1]}, {"variables": "x"},
        {"operationName": 5}, {"extensions": [1]},
    )),
]  # fmt: skip


def subscribe(id: str, **payload: Any) -> dict[str, Any]:
    return {"type": "subscribe", "id": id, "payload": payload}


class Sockets:
    """A served gateway and a key of all scopes."""

    def __init__(self, suite: Suite, address: str, principal: Principal, key: str) -> None:
        self.suite = suite
        self.principal = principal
        self.key = {"authorization": f"Bearer {key}"}
        self.http = f"http://{address}/graphql"

    @asynccontextmanager
    async def socket(self, **options: Any) -> AsyncGenerator[ClientConnection]:
        """A socket on which nothing was said yet."""
        settings: dict[str, Any] = {"subprotocols": ["graphql-transport-ws"]} | options
        async with websockets.connect(self.http.replace("http", "ws", 1), **settings) as socket:
            yield socket

    @asynccontextmanager
    async def signed_in(self) -> AsyncGenerator[ClientConnection]:
        """A socket on which operations may start."""
        async with self.socket() as socket:
            await say(socket, {"type": "connection_init", "payload": self.key})
            assert await next_message(socket) == {"type": "connection_ack"}
            yield socket

    async def score(self, account: UUID) -> None:
        """A new score of an account, which subscribers hear of."""
        model = a_model()
        async with self.suite.databases["risk"].write(self.principal.tenant_id) as conn:
            await models_actions.publish(conn, model, self.principal)
            await ask(conn, [account], UpdateReason.NEW_DATA)
            await scores_actions.save(conn, [later(a_score(model), account)])


async def say(socket: ClientConnection, *messages: Any) -> None:
    for message in messages:
        await socket.send(json.dumps(message))


async def next_message(socket: ClientConnection) -> Any:
    return json.loads(await asyncio.wait_for(socket.recv(), 10))


async def closed(socket: ClientConnection) -> tuple[int | None, str | None]:
    """With which code and reason the other side ends it; 1006 where it says nothing."""
    await asyncio.wait_for(socket.wait_closed(), 10)
    return socket.close_code, socket.close_reason


@pytest.fixture
async def sockets(
    settings: Settings, database: DatabaseOf, owner: Conn, principal: Principal
) -> AsyncGenerator[Sockets]:
    suite = await of(settings, database)
    _, key = await auth.create_key(owner, principal.tenant_id, "sockets", auth.SCOPES)
    async with served(suite, settings) as address:
        yield Sockets(suite, address, principal, key)


async def test_every_mistake_is_said_to_its_operation_and_the_others_live_on(
    sockets: Sockets, principal: Principal
) -> None:
    (account,) = await fill(sockets.suite, principal, 1)
    async with sockets.signed_in() as socket:
        await say(socket, subscribe("live", query=UPDATES))
        for name, (payload, code) in MISTAKES.items():
            await say(socket, subscribe(name, **payload))
            message = await next_message(socket)
            assert message["id"] == name, message
            is_next = message["type"] == "next"
            errors = message["payload"]["errors"] if is_next else message["payload"]
            assert [error["extensions"]["code"] for error in errors][:1] == [code], (name, errors)
            if is_next:
                assert await next_message(socket) == {"id": name, "type": "complete"}
            else:
                assert message["type"] == "error"
        await say(socket, subscribe("last", **QUERY))
        assert (await next_message(socket))["payload"]["data"]["viewer"]
        assert await next_message(socket) == {"id": "last", "type": "complete"}
        await sockets.score(account)
        update = await next_message(socket)
        assert (update["id"], update["type"]) == ("live", "next")
        assert update["payload"]["data"]["riskUpdates"]["cursor"]


async def test_the_same_mistakes_have_the_same_codes_over_http_and_in_a_stream(sockets: Sockets):
    async with aiohttp.ClientSession(headers=sockets.key) as session:
        for name, (payload, code) in MISTAKES.items():
            for accept in ("application/json", "text/event-stream"):
                headers = {"accept": accept}
                async with session.post(sockets.http, json=payload, headers=headers) as response:
                    text = await response.text()
                assert response.status in (200, 400), (name, text)
                answer = json.loads(text.partition("data: ")[2].partition("\n")[0] or text)
                streamless = accept == "application/json" and "subscription" in payload["query"]
                expected = "BAD_REQUEST" if streamless else code
                assert answer["errors"][0]["extensions"]["code"] == expected, (name, accept, text)


async def test_what_is_no_message_of_the_protocol_closes_the_socket_with_4400(sockets: Sockets):
    for message in NO_MESSAGES:
        async with sockets.signed_in() as socket:
            await say(socket, message)
            code, reason = await closed(socket)
            assert (code, bool(reason)) == (4400, True), message
    for frame in (b"\xff", b"{}", "{", "[" * 100_000, '{"a": "\\ud800"}'):
        async with sockets.signed_in() as socket:
            await socket.send(frame)
            assert (await closed(socket))[0] == 4400, frame[:10]


async def test_only_the_protocols_own_reasons_close_it(sockets: Sockets) -> None:
    running, again = "x" * 9_000, {"type": "connection_init", "payload": sockets.key}
    async with sockets.signed_in() as socket:
        await say(socket, subscribe(running, query=UPDATES), subscribe(running, query=UPDATES))
        assert (await closed(socket))[0] == 4409
    async with sockets.signed_in() as socket:
        await say(socket, again)
        assert (await closed(socket))[0] == 4429
    async with sockets.socket() as socket:
        await say(socket, subscribe("1", **QUERY))
        assert (await closed(socket))[0] == 4401
    async with sockets.socket(subprotocols=None) as socket:
        assert (await closed(socket))[0] == 4406


@pytest.mark.parametrize("payload", [
    {}, None, {"authorization": 5}, {"authorization": None}, {"authorization": ["Bearer"]},
    {"authorization": ""}, {"authorization": "Bearer tnr_00000000_wrong"}, {"other": {"a": 1}},
])  # fmt: skip
async def test_who_is_unknown_is_told_so(payload: Any, sockets: Sockets) -> None:
    async with sockets.socket() as socket:
        await say(socket, {"type": "connection_init", "payload": payload})
        assert await closed(socket) == (4403, "Forbidden")
    async with sockets.socket(additional_headers=sockets.key) as socket:
        await say(socket, {"type": "connection_init", "payload": None})
        assert await next_message(socket) == {"type": "connection_ack"}
    async with sockets.socket(additional_headers={"authorization": "Bearer x"}) as socket:
        await say(socket, {"type": "connection_init"})
        assert await closed(socket) == (4403, "Forbidden")


async def test_who_cannot_sign_in_just_now_is_asked_to_come_again(sockets: Sockets) -> None:
    await sockets.suite.access.pool.close()
    async with sockets.socket() as socket:
        await say(socket, {"type": "connection_init", "payload": sockets.key})
        assert (await closed(socket))[0] == 1013


PART = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "1", "{ nope }"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["query", "variables", "operationName"]), inner, max_size=3
        )
    ),
    max_leaves=4,
)
TYPES = st.sampled_from(["connection_init", "subscribe", "ping", "pong", "complete", "next"])
MESSAGES = PART | st.fixed_dictionaries({"type": TYPES | PART, "id": PART, "payload": PART})


@given(st.lists(MESSAGES, min_size=1, max_size=4))
@example_settings(max_examples=60)
async def test_any_message_is_answered_or_closes_with_a_reason_of_the_protocol(
    sockets: Sockets, messages: list[Any]
) -> None:
    async with sockets.signed_in() as socket:
        with contextlib.suppress(websockets.ConnectionClosed):
            await say(socket, *messages, {"type": "ping"})
            while (await next_message(socket))["type"] != "pong":
                pass
            return
        assert (await closed(socket))[0] in {4400, 4403, 4409, 4429}

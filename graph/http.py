"""GraphQL over HTTP, SSE and WebSocket: who asks, how much at a time, and until when."""

import asyncio
import contextlib
from typing import Any, cast

import orjson
from cross_web import HTTPException
from opentelemetry.trace import SpanKind
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http.streaming import SSETransport
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types.unset import UNSET, UnsetType

from graph.context import GraphContext
from graph.cursor import Cursors
from graph.faults import BAD_REQUEST
from graph.gates import Gates
from graph.limits import MAX_BODY_BYTES, OPERATION_TIMEOUT_S, READ_WITHIN_S
from graph.schema import schema
from graph.sign_in import SignIn
from graph.sockets import Operations, Socket
from shared.intake.body import TooLarge, TooSlow
from shared.platform import telemetry
from shared.platform.auth import Principal
from shared.platform.db import Database
from shared.process.refusals import graph_refusal, refusal_for
from shared.process.rpc import Rpc
from shared.vocabulary.errors import NotPermitted, ServiceUnavailable

NOBODY = cast("Principal", None)


class EventStream(SSETransport):
    """SSE only where the client prefers it: some list it beside JSON on every query."""

    def accepts(self, accept: str) -> bool:
        kinds = [part.split(";", 1)[0].strip().lower() for part in accept.split(",")]
        return bool(kinds) and kinds[0] == "text/event-stream"


class Endpoint(GraphQL[GraphContext, None]):
    """The schema behind one address."""

    stream_transport_classes_by_protocol = {"sse": EventStream}  # noqa: RUF012 - as the base declares it
    graphql_transport_ws_handler_class = Operations
    websocket_adapter_class = Socket  # type: ignore[assignment] - as the base declares it

    def __init__(
        self, rpc: Rpc, sign_in: SignIn, access: Database, cursors: Cursors, gates: Gates
    ) -> None:
        super().__init__(
            schema,
            graphql_ide=None,
            allow_queries_via_get=False,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL, "sse"),
        )
        self.gates = gates
        self._rpc = rpc
        self._access = access
        self._sign_in = sign_in
        self._cursors = cursors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await super().__call__(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            answer = await self._take(request, receive)
        except Exception as error:
            answer = graph_refusal(refusal_for(error, request))
        if answer is not None:
            await answer(scope, receive, send)

    async def _take(self, request: Request, receive: Receive) -> Response | None:
        """Whoever may not ask is turned away before anything is read."""
        who = await self._sign_in.principal(request.headers.get("authorization"))
        if EventStream().accepts(request.headers.get("accept", "")):  # cheaper than in the stream
            self.gates.subscriptions.check(1, who.tenant_id, who.subject)
        with self.gates.requests.enter(who.tenant_id, who.subject):
            body = await read_body(receive)
            return await self._answer(Request(request.scope, replay(body, receive)), receive)

    async def _answer(self, request: Request, receive: Receive) -> Response | None:
        """Run the operation; stop it when the caller leaves or the time is up."""
        with telemetry.span("POST /graphql", SpanKind.SERVER, request.headers):
            work = asyncio.create_task(self._run(request))
            caller = asyncio.create_task(until_departure(receive))
            try:
                await asyncio.wait(
                    (work, caller), timeout=OPERATION_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED
                )
                if work.done():
                    return work.result()
                if caller.done():
                    return None
                raise ServiceUnavailable(f"no answer within {OPERATION_TIMEOUT_S:g} s")
            finally:
                for task in (caller, work):
                    task.cancel()
                    with contextlib.suppress(BaseException):
                        await task

    async def _run(self, request: Request) -> Response:
        try:
            return await self.run(request)
        except HTTPException as error:
            body = {"errors": [{"message": error.reason, "extensions": {"code": BAD_REQUEST}}]}
            return JSONResponse(body, error.status_code)

    async def get_context(
        self, request: Request | WebSocket, response: Response | WebSocket
    ) -> GraphContext:
        on_socket = isinstance(request, WebSocket)  # signs in with connection_init
        authorization = request.headers.get("authorization")
        return GraphContext(
            NOBODY if on_socket else await self._sign_in.principal(authorization),
            self._rpc,
            cursors=self._cursors,
            gates=self.gates,
            access=self._access,
            authorization=authorization,
        )

    async def on_ws_connect(self, context: GraphContext) -> dict[str, object] | UnsetType | None:
        params = context.connection_params or {}
        authorization = params.get("authorization", params.get("Authorization"))
        try:
            context.principal = await self._sign_in.principal(
                context.authorization if authorization is None else authorization
            )
        except NotPermitted as error:
            raise ConnectionRejectionError from error
        who = context.principal
        context.socket.enter_context(self.gates.sockets.enter(who.tenant_id, who.subject))
        return UNSET

    def encode_json(self, data: object) -> str:
        return orjson.dumps(data).decode()  # text: a WebSocket would send bytes as a binary frame

    def decode_json(self, data: str | bytes) -> object:
        return orjson.loads(data)

    def parse_json(self, data: str | bytes) -> Any:
        parsed = super().parse_json(data)
        if not isinstance(parsed, dict):
            raise HTTPException(400, "The body must be a JSON object with a `query`")
        return cast("dict[str, Any]", parsed)


async def read_body(receive: Receive) -> bytes:
    """The whole body, within bounds of size and time."""
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            return await _body(receive)
    except TimeoutError as error:
        raise TooSlow(READ_WITHIN_S) from error


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message.get("more_body", False)
        if size > MAX_BODY_BYTES:
            raise TooLarge(f"more than {MAX_BODY_BYTES} bytes", MAX_BODY_BYTES)
    return b"".join(parts)


def replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body already read, then what the caller does."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


async def until_departure(receive: Receive) -> None:
    """Returns when the caller is no longer there."""
    while (await receive())["type"] != "http.disconnect":
        pass

"""Operations on a WebSocket: each answers for itself, and only the protocol ends them all."""

import asyncio
import logging
from typing import Any, Final

import msgspec
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.subscriptions.protocols.graphql_transport_ws import types
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
)

from graph.context import GraphContext
from graph.faults import BAD_REQUEST
from shared.platform.gates import Room
from shared.vocabulary.errors import OverShare, ServiceUnavailable

SHAPES: Final[dict[str, Any]] = {
    "connection_init": types.ConnectionInitMessage,
    "ping": types.PingMessage,
    "pong": types.PongMessage,
    "subscribe": types.SubscribeMessage,
    "complete": types.CompleteMessage,
}
"""What a client may send, by the message's type."""
INTERNAL_ERROR: Final = 1011
TRY_AGAIN: Final = 1013
TOO_LATE: Final = "sign in with connection_init, within 3 s"
MAX_REASON_BYTES: Final = 123
"""The longest reason that fits into a close frame; a longer one breaks the connection."""
log = logging.getLogger(__name__)


class Socket(ASGIWebSocketAdapter):
    """A connection that can always be closed with a word."""

    async def close(self, code: int, reason: str) -> None:
        """Close with as much of the reason as a frame holds."""
        await super().close(code, reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore"))


class Operations(BaseGraphQLTransportWSHandler[Any, Any]):
    """The operations of one socket. Each loads anew: none may see what another one loaded."""

    @property
    def _room(self) -> Room:
        return self._first.gates.before_init

    @property
    def context(self) -> Any:
        return self._first.again() if self.connection_acknowledged else self._first

    @context.setter
    def context(self, context: GraphContext) -> None:
        self._first = context

    async def handle(self) -> None:
        """Until the client leaves; a bug of ours closes the socket with a reason."""
        try:
            with self._first.socket:
                await super().handle()
        except (ServiceUnavailable, OverShare) as error:  # nobody can sign in just now
            await self.websocket.close(TRY_AGAIN, str(error))
        except Exception:
            log.exception("a socket ended")
            await self.websocket.close(INTERNAL_ERROR, "internal error")

    def on_request_accepted(self) -> None:
        """Whoever does not sign in has to leave soon, and sooner where many are waiting."""
        super().on_request_accepted()
        self._guest = self._room.enter(self._send_away)
        self._first.socket.callback(self._room.leave, self._guest)

    def _send_away(self) -> None:
        clock = self.connection_init_timeout_task
        if clock and not clock.done():
            clock.cancel()
            self.connection_timed_out = True
            self._farewell = asyncio.create_task(self.websocket.close(4408, TOO_LATE))

    async def handle_connection_init(self, message: types.ConnectionInitMessage) -> None:
        """Known from here on, or closed."""
        await super().handle_connection_init(message)
        self._room.leave(self._guest)

    async def handle_message(self, message: Any) -> None:
        """Only messages of the protocol's shapes; a payload that is null is none."""
        flaw = _flaw(message)
        if flaw:
            await self.handle_invalid_message(flaw)
            return
        await super().handle_message(_without_nulls(message))

    async def send_message(self, message: Any) -> None:
        """Errors that come from the protocol itself get a code as all others."""
        if message["type"] == "error":
            for error in message["payload"]:
                error.setdefault("extensions", {"code": BAD_REQUEST})
        await super().send_message(message)

    @staticmethod
    def _get_pre_execution_close_reason(error: object) -> None:
        """No mistake in a document is a reason to end the operations beside it."""


def _flaw(message: Any) -> str:
    """What is wrong with a message; nothing: the empty text."""
    if not isinstance(message, dict):
        return "a message is a JSON object"
    kind = message.get("type")
    shape = SHAPES.get(kind) if isinstance(kind, str) else None
    if shape is None:
        return f"type is one of {', '.join(SHAPES)}"
    if message.get("id") == "":
        return "id is a text of at least one character"
    try:
        msgspec.convert(message, shape)
    except msgspec.ValidationError as error:
        return f"{kind}: {error}"
    return ""


def _without_nulls(message: dict[str, Any]) -> Any:
    return {name: value for name, value in message.items() if value is not None}

"""Connections to our servers: who does not say what it wants, or does not read, has to leave."""

import asyncio
from typing import Any, ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from shared.platform.gates import Room
from shared.platform.limits import HEADS, STALLED

MAX_HEAD_BYTES: Final = 64 * 1024
CLOSED_WITHIN_S: Final = 2.0
"""How long a WebSocket that we close may take to agree."""


class Connection(HttpToolsProtocol):
    """Nobody is known before the head of a request is here, and no work of ours waits for it."""

    unfinished: ClassVar[Room] = Room(*HEADS)
    stalled: ClassVar[Room] = Room(*STALLED)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] - as the base does
        """The first request is awaited."""
        self._awaited: object = None
        self._unread: object = None
        self._is_in_head, self._head_bytes = True, 0
        super().connection_made(transport)
        self._await()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        self._arrived()
        self.stalled.leave(self._unread)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A part of a head, which has bounds, or of a body, whose reader knows its bounds."""
        super().data_received(data)
        self._head_bytes = self._head_bytes + len(data) if self._is_in_head else 0
        if self._head_bytes > MAX_HEAD_BYTES:
            self.transport.close()

    def on_message_begin(self) -> None:
        """The next request on this connection has begun."""
        super().on_message_begin()
        self._is_in_head = True
        self._await()

    def on_headers_complete(self) -> None:
        """The application has the request; how long the body may take, it says itself."""
        self._is_in_head = False
        self._arrived()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """A body that comes after its answer is nobody's."""
        is_unfinished = self.cycle.response_complete and self.cycle.more_body
        super().on_response_complete()
        if is_unfinished:
            self._await()

    def on_message_complete(self) -> None:
        """The request is here to its end."""
        if self.cycle is not None and self.cycle.response_complete:
            self._arrived()
        super().on_message_complete()

    def pause_writing(self) -> None:
        """The client does not read what it asked for."""
        super().pause_writing()
        self._unread = self.stalled.enter(self.transport.abort)

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        self.stalled.leave(self._unread)

    def _await(self) -> None:
        if self._awaited is None:
            self._awaited = self.unfinished.enter(self.transport.close)

    def _arrived(self) -> None:
        self.unfinished.leave(self._awaited)
        self._awaited = None


class WebSocketConnection(WebSocketsSansIOProtocol):
    """Closed soon, whether the client agrees or not."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.close_timeout = CLOSED_WITHIN_S

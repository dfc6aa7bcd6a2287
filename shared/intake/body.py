"""Bodies from outside, within bounds: their size, how far they swell, how many are under way."""

import asyncio
import zlib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request

from shared.intake.parameters import whole
from shared.vocabulary.errors import InvalidInput, ServiceUnavailable

MAX_BODY_BYTES = 16 * 1024 * 1024
MAX_REQUESTS = 32
MAX_RESERVED_BYTES = 128 * 1024 * 1024
READ_WITHIN_S = 30.0
OFF_LOOP_BYTES = 64 * 1024
PLAIN = ("", "identity")
GZIP = ("gzip", "x-gzip")
BY_LINE = ("application/x-ndjson", "application/ndjson", "application/jsonl")

T = TypeVar("T")


class Busy(ServiceUnavailable):
    """Enough is under way; the same request will be welcome in a moment."""


class TooLarge(InvalidInput):
    """More bytes than are read."""

    def __init__(self, size: str, limit: int = MAX_BODY_BYTES) -> None:
        super().__init__("body", size, f"at most {limit} bytes, unpacked")


class TooSlow(InvalidInput):
    """A body that was begun and did not end."""

    def __init__(self, within_s: float) -> None:
        super().__init__("body", "unfinished", f"a whole body within {within_s:g} s")


class Gate:
    """How many requests, and how many bytes of them, are under way at once."""

    def __init__(
        self, max_requests: int = MAX_REQUESTS, max_bytes: int = MAX_RESERVED_BYTES
    ) -> None:
        self.requests = 0
        self.bytes = 0
        self._max_requests = max_requests
        self._max_bytes = max_bytes

    @contextmanager
    def enter(self) -> Generator["Reservation"]:
        """A place for one request; Busy when there is none, before anything is read."""
        if self.requests >= self._max_requests:
            raise Busy(f"{self.requests} batches are under way; send this one again")
        reservation = Reservation(self)
        self.requests += 1
        try:
            yield reservation
        finally:
            self.requests -= 1
            self.bytes -= reservation.bytes

    def reserve_bytes(self, size: int) -> None:
        """Room for so many bytes more; Busy when there is none."""
        if self.bytes + size > self._max_bytes:
            raise Busy(f"{self.bytes} bytes are under way; send this batch again")
        self.bytes += size


class Reservation:
    """What one request takes of the gate."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.bytes = 0

    def reserve_bytes(self, size: int) -> None:
        """Room for so many bytes more of this request."""
        self._gate.reserve_bytes(size)
        self.bytes += size


async def body_of(request: Request, reservation: Reservation) -> bytes:
    """The body, unpacked; refused by its headers where they say enough, before it is read."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in PLAIN + GZIP:
        raise InvalidInput("Content-Encoding", encoding, "gzip, or none")
    length = whole(request.headers, "content-length", 0, 10**18, default=0)
    if length > MAX_BODY_BYTES:
        raise TooLarge(f"{length} bytes")
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            body = await _read(request, reservation)
    except TimeoutError as error:
        raise TooSlow(READ_WITHIN_S) from error
    except ClientDisconnect as error:
        raise ServiceUnavailable("the caller left") from error
    if encoding in PLAIN:
        return body
    unpacked = await off_loop(len(body) * 16, lambda: inflate(body))
    reservation.reserve_bytes(len(unpacked))
    return unpacked


def is_by_line(request: Request) -> bool:
    """Whether each line of the body is a row of its own."""
    kind, _, _ = request.headers.get("content-type", "").partition(";")
    return kind.strip().lower() in BY_LINE


async def _read(request: Request, reservation: Reservation) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise TooLarge(f"more than {MAX_BODY_BYTES} bytes")
        reservation.reserve_bytes(len(part))
        parts.append(part)
    return b"".join(parts)


def inflate(body: bytes, limit: int = MAX_BODY_BYTES) -> bytes:
    """A gzip stream unpacked, never further than `limit` bytes; a second stream behind it is
    refused, for a body of thousands of empty ones would keep us busy."""
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        unpacked = stream.decompress(body, limit + 1)
    except zlib.error as error:
        raise InvalidInput("body", str(error), "gzip, as Content-Encoding says") from error
    if len(unpacked) > limit:
        raise TooLarge(f"more than {limit} bytes", limit)
    if not stream.eof or stream.unused_data.strip(b"\0"):
        raise InvalidInput("body", f"{len(body)} bytes", "one whole gzip stream")
    return unpacked


async def off_loop(size: int, work: Callable[[], T]) -> T:
    """Do it here when it is small, else beside the loop, where it does not hold up the others."""
    return work() if size < OFF_LOOP_BYTES else await asyncio.to_thread(work)

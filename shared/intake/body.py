"""Bodies from outside, within bounds: their size, how far they swell, how many are under way."""

import asyncio
import zlib
from collections.abc import Callable, Generator, Hashable
from contextlib import contextmanager
from typing import TypeVar

from starlette.requests import Request

from shared.intake.parameters import whole
from shared.platform.auth import Principal
from shared.platform.gates import Gate, Limit
from shared.platform.limits import BATCH_BYTES, LARGE_BODIES
from shared.vocabulary.errors import InvalidInput

MAX_BODY_BYTES = 16 * 1024 * 1024
READ_WITHIN_S = 30.0
OFF_LOOP_BYTES = 64 * 1024
PLAIN = ("", "identity")
GZIP = ("gzip", "x-gzip")
BY_LINE = ("application/x-ndjson", "application/ndjson", "application/jsonl")

T = TypeVar("T")


class TooLarge(InvalidInput):
    """More bytes than are read."""

    def __init__(self, size: str, limit: int = MAX_BODY_BYTES) -> None:
        super().__init__("body", size, f"at most {limit} bytes, unpacked")


class TooSlow(InvalidInput):
    """A body that was begun and did not end."""

    def __init__(self, within_s: float) -> None:
        super().__init__("body", "unfinished", f"a whole body within {within_s:g} s")


class BatchGate:
    """How many batches, and how many bytes of them, are under way at once."""

    def __init__(self, batches: Limit, size: Limit = BATCH_BYTES) -> None:
        self.batches = Gate(batches)
        self.bytes = Gate(size)
        self._threads = Gate(LARGE_BODIES)

    @contextmanager
    def enter(self, who: Principal) -> Generator["Reservation"]:
        """A place for one batch, or a refusal before anything is read."""
        reservation = Reservation(self, who)
        with self.batches.enter(*reservation.who):
            try:
                yield reservation
            finally:
                self.bytes.give_back(reservation.bytes, *reservation.who)

    async def off_loop(self, size: int, work: Callable[[], T], *who: Hashable) -> T:
        """Do it here when it is small, else beside the loop, where it does not hold up the others;
        they take turns there."""
        if size < OFF_LOOP_BYTES:
            return work()
        async with self._threads.turn(*who):
            return await asyncio.to_thread(work)


class Reservation:
    """What one batch takes of the gate."""

    def __init__(self, gate: BatchGate, who: Principal) -> None:
        self._gate = gate
        self.who = who.tenant_id, who.subject
        self.bytes = 0

    def reserve_bytes(self, size: int) -> None:
        """Room for so many bytes more of this batch, or a refusal."""
        self._gate.bytes.take(size, *self.who)
        self.bytes += size

    async def off_loop(self, size: int, work: Callable[[], T]) -> T:
        """Do it here when it is small, else beside the loop, when it is one's turn."""
        return await self._gate.off_loop(size, work, *self.who)


async def body_of(request: Request, reservation: Reservation) -> bytes:
    """The body, unpacked; refused by its headers where they say enough, before it is read."""
    is_packed = check_headers(request, MAX_BODY_BYTES)
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            body = await read(request, MAX_BODY_BYTES, reservation.reserve_bytes)
    except TimeoutError as error:
        raise TooSlow(READ_WITHIN_S) from error
    return await unpack(body, reservation) if is_packed else body


async def unpack(body: bytes, reservation: Reservation) -> bytes:
    """What was packed, within bounds."""
    unpacked = await reservation.off_loop(len(body) * 16, lambda: inflate(body))
    reservation.reserve_bytes(len(unpacked))
    return unpacked


def check_headers(request: Request, max_bytes: int) -> bool:
    """Whether the body is packed; a refusal where the headers alone are a reason for one."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in PLAIN + GZIP:
        raise InvalidInput("Content-Encoding", encoding, "gzip, or none")
    length = whole(request.headers, "content-length", 0, 10**18, default=0)
    if length > max_bytes:
        raise TooLarge(f"{length} bytes", max_bytes)
    return encoding in GZIP


def is_by_line(request: Request) -> bool:
    """Whether each line of the body is a row of its own."""
    kind, _, _ = request.headers.get("content-type", "").partition(";")
    return kind.strip().lower() in BY_LINE


def _free(_: int) -> None:
    """Bytes of which nobody keeps count."""


async def read(request: Request, max_bytes: int, reserve: Callable[[int], None] = _free) -> bytes:
    """The body as it comes, within bounds."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > max_bytes:
            raise TooLarge(f"more than {max_bytes} bytes", max_bytes)
        reserve(len(part))
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

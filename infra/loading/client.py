"""A client of the bulk API: batches in flight, patience with a busy server, every receipt read."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, TypeAlias, cast
from uuid import UUID

import aiohttp
import msgspec
import stamina

from infra.loading.errors import LoadError
from ml.simulation.rows import Account, Batch

IN_FLIGHT = 4
ROWS_A_BATCH = 1_000
BYTES_A_BATCH = 2_000_000
"""Far below what a body may have, and at most a million commas whatever the rows hold."""
TRIES = 8
FIRST_TRIES = 4
FIRST_PAUSE_S = 0.5
MAX_PAUSE_S = 15.0
TIMEOUT_S = 120.0
BUSY = (429, 502, 503, 504)
UNREACHED = 0
TOO_LARGE = 413

stamina.instrumentation.set_on_retry_hooks(())  # no log lines between those of the progress

Advance: TypeAlias = Callable[[int], None]
"""Told how many more rows were answered."""


class Receipt(msgspec.Struct):
    """What became of one row."""

    row: int
    status: str
    id: str | None = None
    field: str | None = None
    value: str | None = None
    message: str | None = None


class _Answer(msgspec.Struct):
    receipts: list[Receipt]


class _Error(msgspec.Struct):
    message: str


class _Refused(msgspec.Struct):
    error: _Error


@dataclass(frozen=True, slots=True)
class _Reply:
    """One answer of the server; status 0: none came, and `body` says why."""

    status: int
    body: bytes
    retry_after_s: float | None = None

    @property
    def text(self) -> str:
        """What the server says in words, or the beginning of whatever it sent."""
        try:
            return msgspec.json.decode(self.body, type=_Refused).error.message
        except msgspec.MsgspecError:
            return self.body[:300].decode(errors="replace").strip()


class _Busy(LoadError):
    """No answer came, or one that will pass."""

    def __init__(self, url: str, kind: str, tries: int, reply: _Reply) -> None:
        super().__init__(f"{url} does not take {kind} after {tries} tries: {reply.text}")
        self.tries = tries
        self.retry_after_s = reply.retry_after_s


@dataclass(slots=True)
class Tally:
    """Statuses of all receipts, by kind of row."""

    counts: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])

    def add(self, kind: str, receipts: list[Receipt]) -> None:
        of_kind = self.counts.setdefault(kind, Counter())
        of_kind.update(receipt.status for receipt in receipts)

    @property
    def rejected(self) -> int:
        """Rows the server would not take."""
        return sum(of_kind["rejected"] + of_kind["conflict"] for of_kind in self.counts.values())


class Client:
    """Loads batches over HTTP. Rows are idempotent by id: sending one again is harmless.

    Accounts are known by the id in their receipt; later rows that name the sender's id of an
    account are sent with that one. Rejected rows go to `rejects`, one JSON object a line.
    """

    def __init__(
        self,
        url: str,
        key: str,
        rejects: Path,
        *,
        append: bool = False,
        rows_a_batch: int = ROWS_A_BATCH,
        bytes_a_batch: int = BYTES_A_BATCH,
        max_pause_s: float = MAX_PAUSE_S,
    ) -> None:
        self.tally = Tally()
        self.account_ids: dict[UUID, UUID] = {}
        self.rejects = rejects
        self._mode = "ab" if append else "wb"
        self._rows_a_batch = rows_a_batch
        self._bytes_a_batch = bytes_a_batch
        self._max_pause_s = max_pause_s
        self._url = url.rstrip("/")
        self._headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        self._answered = False  # an address that never answered is given up sooner
        self._file: BinaryIO | None = None
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "Client":
        self._session = aiohttp.ClientSession(
            headers=self._headers, timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session:
            await self._session.close()
        if self._file:
            self._file.close()

    async def load(self, batch: Batch, advance: Advance) -> Counter[str]:
        """Send all rows of a kind; how many got which status. LoadError if the server refuses."""
        parts = cut(batch.rows, self._rows_a_batch, self._bytes_a_batch)
        senders = [
            asyncio.create_task(self._send(batch.kind, parts, advance)) for _ in range(IN_FLIGHT)
        ]
        try:
            await asyncio.gather(*senders)
        finally:
            for sender in senders:
                sender.cancel()
        return self.tally.counts.get(batch.kind, Counter())

    async def _send(
        self, kind: str, parts: Iterator[list[msgspec.Struct]], advance: Advance
    ) -> None:
        for part in parts:
            for row in part:
                self._name_account(row)
            receipts = await self._post(kind, part)
            self.tally.add(kind, receipts)
            self._learn(kind, part, receipts)
            advance(len(part))

    def _name_account(self, row: msgspec.Struct) -> None:
        account_id: UUID | None = getattr(row, "account_id", None)
        if account_id in self.account_ids:
            setattr(row, "account_id", self.account_ids[account_id])  # noqa: B010 - rows of many kinds

    async def _post(self, kind: str, part: list[msgspec.Struct]) -> list[Receipt]:
        body = msgspec.json.encode(part)
        reply = _Reply(UNREACHED, b"")
        async for attempt in stamina.retry_context(
            self._pause_s,
            attempts=TRIES,
            timeout=None,
            wait_initial=FIRST_PAUSE_S,
            wait_max=self._max_pause_s,
            wait_jitter=0,
        ):
            with attempt:
                reply = await self._ask(f"{self._url}/v1/{kind}", body)
                if reply.status in (UNREACHED, *BUSY):
                    raise _Busy(self._url, kind, attempt.num, reply)
        if reply.status == TOO_LARGE and len(part) == 1:
            row_id = str(getattr(part[0], "id", ""))
            return [Receipt(0, "rejected", row_id, "row", f"{len(body)} bytes", reply.text)]
        if reply.status != 202:
            raise LoadError(_refused(self._url, kind, reply))
        return _receipts(reply, kind, len(part))

    def _pause_s(self, error: Exception) -> bool | float:
        """Whether to try again: no, after as long a pause as asked, or after twice the last one."""
        if not isinstance(error, _Busy) or (not self._answered and error.tries >= FIRST_TRIES):
            return False
        asked_s = error.retry_after_s
        return True if asked_s is None else min(asked_s, self._max_pause_s)

    async def _ask(self, url: str, body: bytes) -> _Reply:
        if self._session is None:
            raise RuntimeError("use the client in `async with`")
        try:
            async with self._session.post(url, data=BytesIO(body)) as response:
                wait = response.headers.get("retry-after", "")
                self._answered = True
                seconds = float(wait) if wait.replace(".", "", 1).isdigit() else None
                return _Reply(response.status, await response.read(), seconds)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return _Reply(UNREACHED, (str(error) or type(error).__name__).encode())

    def _learn(self, kind: str, part: list[msgspec.Struct], receipts: list[Receipt]) -> None:
        for receipt in receipts:
            row = part[receipt.row]
            if receipt.status in ("rejected", "conflict"):
                self.keep(kind, row, receipt)
            elif isinstance(row, Account) and receipt.id:
                self.account_ids[row.id] = UUID(receipt.id)

    def keep(self, kind: str, row: object, receipt: Receipt) -> None:
        """Write a row that was not taken to the file of rejects."""
        if self._file is None:
            self.rejects.parent.mkdir(parents=True, exist_ok=True)
            self._file = cast("BinaryIO", self.rejects.open(self._mode))
        why = {"status": receipt.status, "field": receipt.field, "message": receipt.message}
        line = msgspec.json.encode({"kind": kind, "why": why, "row": row})
        self._file.write(line + b"\n")


def cut(
    rows: Iterable[msgspec.Struct], max_rows: int, max_bytes: int = BYTES_A_BATCH
) -> Iterator[list[msgspec.Struct]]:
    """Batches of at most `max_rows` rows and, unless one row alone is larger, `max_bytes` of JSON,
    cut between accounts where an account's rows fit in one.

    So versions of a thing arrive in their order, and batches in flight do not wait for one another.
    """
    part: list[msgspec.Struct] = []
    sizes: list[int] = []
    total = since = 0
    for row in rows:
        size = len(msgspec.json.encode(row)) + len(",")
        if part and _account(row) != _account(part[-1]):
            since = len(part)
        while part and (len(part) == max_rows or total + size + len("[]") > max_bytes):
            at = since or len(part)
            yield part[:at]
            part, sizes, since = part[at:], sizes[at:], 0
            total = sum(sizes)
        part.append(row)
        sizes.append(size)
        total += size
    if part:
        yield part


def _account(row: msgspec.Struct) -> object:
    return getattr(row, "account_id", id(row))


def _receipts(reply: _Reply, kind: str, expected: int) -> list[Receipt]:
    try:
        receipts = msgspec.json.decode(reply.body, type=_Answer).receipts
    except msgspec.MsgspecError as error:
        raise LoadError(f"the answer for {kind} holds no receipts: {reply.text}") from error
    if sorted(receipt.row for receipt in receipts) != list(range(expected)):
        raise LoadError(f"{len(receipts)} receipts came for {expected} rows of {kind}")
    return receipts


def _refused(url: str, kind: str, reply: _Reply) -> str:
    if reply.status in (401, 403):
        return f"{url} does not let this key write {kind} ({reply.status}): {reply.text}"
    return f"{url} refuses {kind} ({reply.status}): {reply.text}"

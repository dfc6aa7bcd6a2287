"""A client of the bulk API: batches in flight, patience with a busy server, every receipt read."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO
from uuid import UUID

import aiohttp
import msgspec

from ml.simulation.rows import Batch

IN_FLIGHT = 4
ROWS_A_BATCH = 1_000
TRIES = 8
PAUSE_MOST_S = 20.0
TIMEOUT_S = 120.0
BUSY = (429, 502, 503, 504)


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


class _Refusal(msgspec.Struct, rename="camel"):
    """The body of an answer that is not 202, as far as it can be read."""

    message: str = ""
    error: Any = None


@dataclass(slots=True)
class Tally:
    """Statuses of all receipts, by kind of row."""

    counts: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])

    def add(self, kind: str, receipts: list[Receipt]) -> None:
        of_kind = self.counts.setdefault(kind, Counter())
        of_kind.update(receipt.status for receipt in receipts)

    @property
    def rejected(self) -> int:
        return sum(of_kind["rejected"] + of_kind["conflict"] for of_kind in self.counts.values())


class Client:
    """Loads batches over HTTP. Rows are idempotent by id, so that sending one twice is harmless.

    Accounts are known by the id their receipt gives; later rows that name the sender's id of an
    account are sent with that one. Rejected rows go to `rejects`, one JSON object a line.
    """

    def __init__(self, url: str, key: str, rejects: Path) -> None:
        self.tally = Tally()
        self.account_ids: dict[UUID, UUID] = {}
        self._url = url.rstrip("/")
        self._headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        self._rejects_path = rejects
        self._rejects: BinaryIO | None = None
        self._session: aiohttp.ClientSession | None = None
        self._encoder = msgspec.json.Encoder()

    async def __aenter__(self) -> "Client":
        self._session = aiohttp.ClientSession(
            headers=self._headers,
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            connector=aiohttp.TCPConnector(limit=IN_FLIGHT),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session:
            await self._session.close()
        if self._rejects:
            self._rejects.close()

    async def load(self, batch: Batch, advance: "Advance") -> Counter[str]:
        """Send all rows of a kind; how many got which status. LoadError when the server won't have it."""
        parts = cut(batch.rows, ROWS_A_BATCH)
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
        self, kind: str, parts: Iterator[list[msgspec.Struct]], advance: "Advance"
    ) -> None:
        for part in parts:
            for row in part:
                self._rename(row)
            receipts = await self._post(kind, part)
            self._learn(kind, part, receipts)
            advance(len(part))

"""A tenant's events as Parquet files, one for each day on which they became known.

A day that is over changes no more: an event that is told late lies in the file of the day it was
told. So files are written once, and reading all of them gives every event once. Only a load of
history, which says itself when its rows were known, adds to old days: export those again after it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

import fsspec
import pyarrow
from pyarrow import parquet

from shared.platform.auth import Principal
from shared.process.rpc import Call, Rpc, remote

ACCOUNTS_AT_ONCE: Final = 50
EVENTS_AT_ONCE: Final = 5_000
MOMENT: Any = pyarrow.timestamp("us", tz="UTC")
COLUMNS: Any = pyarrow.schema(
    [
        ("key", pyarrow.string()),
        ("account_id", pyarrow.string()),
        ("member", pyarrow.string()),
        ("feature", pyarrow.string()),
        ("quantity", pyarrow.float64()),
        ("occurred_at", MOMENT),
        ("recorded_at", MOMENT),
        ("properties", pyarrow.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Event:
    """An event as usage keeps it; `properties` is JSON, `key` 16 bytes in hexadecimal."""

    key: str
    account_id: UUID
    member: str | None
    feature: str
    quantity: float
    occurred_at: datetime
    recorded_at: datetime
    properties: str | None


Page: TypeAlias = Callable[
    [list[UUID], datetime, datetime, Event | None, int], Awaitable[list[Event]]
]
"""Events of accounts recorded within [since, until) after a given one, at most so many."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where events are read: usage over rpc, or anything else that answers the same questions."""

    accounts: Callable[[], Awaitable[list[UUID]]]
    page: Page

    async def day(self, day: date) -> AsyncIterator[Sequence[Event]]:
        """The events that became known on that day (UTC), page by page."""
        since = datetime.combine(day, time.min, UTC)
        accounts = await self.accounts()
        for at in range(0, len(accounts), ACCOUNTS_AT_ONCE):
            some, last = accounts[at : at + ACCOUNTS_AT_ONCE], None
            while page := await self.page(
                some, since, since + timedelta(days=1), last, EVENTS_AT_ONCE
            ):
                yield page
                if len(page) < EVENTS_AT_ONCE:
                    break
                last = page[-1]


def over_rpc(rpc: Rpc, principal: Principal) -> Source:
    """The usage service of the tenant."""

    async def accounts() -> list[UUID]:
        call = remote("usage.history.accounts_with_use", list[UUID])
        ids: list[UUID] = await rpc.send(principal, Call(call, {}))
        return ids

    async def page(
        some: list[UUID], since: datetime, until: datetime, after: Event | None, max_rows: int
    ) -> list[Event]:
        call = remote("usage.history.raw_events", list[Event])
        question = {
            "account_ids": some,
            "since": since,
            "until": until,
            "after": after,
            "limit": max_rows,
        }
        events: list[Event] = await rpc.send(principal, Call(call, question))
        return events

    return Source(accounts, page)


async def export_day(source: Source, day: date, out: str) -> int:
    """Write the file of a day under `out`, any path fsspec knows; how many events it holds.

    It appears when it is whole. A day without events has a file without rows.
    """
    files, root = _opened(out)
    folder = f"{root}/recorded_on={day.isoformat()}"
    files.makedirs(folder, exist_ok=True)
    partial, whole = f"{folder}/.events.parquet.part", f"{folder}/events.parquet"
    count = 0
    with (
        files.open(partial, "wb") as file,
        parquet.ParquetWriter(file, COLUMNS, compression="zstd") as writer,
    ):
        async for page in source.day(day):
            writer.write_table(_table(page))
            count += len(page)
    files.mv(partial, whole)
    return count


def exported(day: date, out: str) -> bool:
    """Whether the file of the day is there."""
    files, root = _opened(out)
    exists: bool = files.exists(f"{root}/recorded_on={day.isoformat()}/events.parquet")
    return exists


def _opened(out: str) -> tuple[Any, str]:
    opened: Any = fsspec.url_to_fs(out)
    return opened[0], str(opened[1]).rstrip("/")


def _table(page: Sequence[Event]) -> Any:
    rows = [{**asdict(event), "account_id": str(event.account_id)} for event in page]
    table: Any = pyarrow.Table
    return table.from_pylist(rows, schema=COLUMNS)

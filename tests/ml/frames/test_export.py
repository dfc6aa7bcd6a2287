"""Exported files, wherever they are written and whoever holds the events."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import fsspec
import pytest
from pyarrow import parquet

from ml.frames.export import EVENTS_AT_ONCE, Event, Source, export_day, exported

DAY = date(2026, 3, 1)
MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)


def events(accounts: list[UUID], number: int) -> list[Event]:
    return [
        Event(
            f"{n:032x}", accounts[n % len(accounts)], f"m{n % 3}" if n % 4 else None, "report",
            1.5, MIDNIGHT, MIDNIGHT + timedelta(seconds=n), None,
        )
        for n in range(number)
    ]  # fmt: skip


def source_of(all_of_them: list[Event], accounts: list[UUID]) -> Source:
    """Another event store behind the same two questions: a list."""
    ordered = sorted(all_of_them, key=lambda e: (e.account_id, e.recorded_at, e.key))

    async def account_ids() -> list[UUID]:
        return accounts

    async def page(
        some: list[UUID], since: datetime, until: datetime, after: Event | None, most: int
    ) -> list[Event]:
        mine = [e for e in ordered if e.account_id in some and since <= e.recorded_at < until]
        return mine[mine.index(after) + 1 if after else 0 :][:most]

    return Source(account_ids, page)


@pytest.mark.parametrize("number", [0, 7, EVENTS_AT_ONCE, EVENTS_AT_ONCE + 1])
async def test_any_store_is_exported_to_any_path_fsspec_knows(number: int) -> None:
    accounts = [uuid4() for _ in range(3)]
    stored, out = events(accounts, number), f"memory://lake-{uuid4()}"
    source = source_of(stored, accounts)

    assert not exported(DAY, out)
    assert await export_day(source, DAY, out) == number
    assert exported(DAY, out)

    with fsspec.open(f"{out}/recorded_on=2026-03-01/events.parquet") as file:
        rows = parquet.read_table(file).to_pylist()
    assert {row["key"] for row in rows} == {each.key for each in stored}
    assert len(rows) == number
    assert sum(row["quantity"] for row in rows) == 1.5 * number
    assert {row["recorded_at"] for row in rows} == {each.recorded_at for each in stored}


async def test_a_file_appears_only_when_it_is_whole() -> None:
    accounts = [uuid4()]
    whole = source_of(events(accounts, 3), accounts)

    async def breaks(*_: object) -> list[Event]:
        raise ConnectionError("the store went away")

    out = f"memory://lake-{uuid4()}"
    with pytest.raises(ConnectionError):
        await export_day(Source(whole.accounts, breaks), DAY, out)

    assert not exported(DAY, out)
    assert await export_day(whole, DAY, out) == 3

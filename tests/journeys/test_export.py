"""`tenure export events` against everything running: what was sent is what the files hold."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from pyarrow import parquet

from tests.journeys.processes import Client, Stack, client, until

FIRST = datetime(2019, 3, 1, tzinfo=UTC)
"""Long before what other journeys load into the same tenant."""
DAY = timedelta(days=1)


def events_to_send(account: str) -> list[dict[str, Any]]:
    """Four days of events, one of which was told two days late."""
    rows = [
        {
            "id": f"{account}-{n}",
            "accountId": account,
            "memberId": f"m{n % 5}",
            "feature": f"feature_{n % 3}",
            "quantity": 1 + n / 4,
            "occurredAt": (FIRST + timedelta(hours=n)).isoformat(),
            "recordedAt": (FIRST + timedelta(hours=n, minutes=1)).isoformat(),
            "properties": {"n": n, "text": "Zürich"},
        }
        for n in range(96)
    ]
    late = {"id": f"{account}-late", "recordedAt": (FIRST + 2 * DAY).isoformat()}
    return [*rows, rows[0] | late]


def as_sent(row: dict[str, Any]) -> tuple[object, ...]:
    """An event as it was sent."""
    return (
        row["accountId"], row["memberId"], row["feature"], row["quantity"],
        datetime.fromisoformat(row["occurredAt"]), datetime.fromisoformat(row["recordedAt"]),
        json.dumps(row["properties"]),
    )  # fmt: skip


def read(row: dict[str, Any]) -> tuple[object, ...]:
    """The same as a file has it."""
    return (
        row["account_id"], row["member"], row["feature"], row["quantity"], row["occurred_at"],
        row["recorded_at"], json.dumps(json.loads(row["properties"])),
    )  # fmt: skip


async def counted(caller: Client, rows: list[dict[str, Any]]) -> bool:
    return {each["status"] for each in await caller.post("events", rows)} == {"duplicate"}


async def test_what_was_sent_is_exported_by_the_day_it_became_known(
    empty: Stack, tmp_path: Path
) -> None:
    account = str(uuid4())
    rows = events_to_send(account)
    async with client(empty) as caller:
        await caller.post("accounts", [{"id": account, "name": "Lake"}])
        await until(lambda: counted(caller, rows), 30)
    options = ("export", "events", "--tenant", empty.tenant, "--from", "2019-03-01")

    half = empty.tenure(*options, "--to", "2019-03-03", "--out", f"file://{tmp_path}/lake")
    rest = empty.tenure(*options, "--to", "2019-03-05", "--out", str(tmp_path / "lake"))

    assert half.strip() == "48 events of 2 days written, 0 kept"
    assert rest.strip() == "49 events of 2 days written, 2 kept"
    by_day: dict[str, list[dict[str, Any]]] = {}
    for path in sorted((tmp_path / "lake").rglob("*.parquet")):
        by_day[path.parent.name] = parquet.ParquetFile(path).read().to_pylist()
    days = [f"recorded_on=2019-03-0{day}" for day in (1, 2, 3, 4)]
    assert {day: len(events) for day, events in by_day.items()} == dict(
        zip(days, (24, 24, 25, 24), strict=True)
    )
    everything = [row for events in by_day.values() for row in events]
    assert sorted(map(read, everything), key=str) == sorted(map(as_sent, rows), key=str)
    assert len({row["key"] for row in everything}) == len(rows)

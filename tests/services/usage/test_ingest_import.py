"""`tenure import events`: files of one's own through the public API, resumed and explained."""

import csv
import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from rich.console import Console

from infra.cli.importing import importing
from infra.loading import events
from infra.loading.errors import LoadError
from infra.loading.events import Load, Reading
from shared.platform.config import Settings
from shared.platform.db import Conn
from tests.conftest import DatabaseOf
from tests.services.usage.examples import an_account
from tests.services.usage.processes import Served, a_key, cut_off

READING = Reading({"memberId": "user", "occurredAt": "at", "externalId": "company"}, "crm")
AT = datetime(2026, 11, 1, 8, tzinfo=UTC)


@pytest.fixture
async def account(database: DatabaseOf, tenant: UUID) -> UUID:
    return await an_account(await database("usage"), tenant, ("crm", "7"))


def a_load(path: Path, reading: Reading = READING) -> Load:
    return Load(
        path, events.kind_of(path), reading, path.with_name("rejected.jsonl"),
        path.with_name("state.json"), Console(file=StringIO()),
    )  # fmt: skip


def rows(number: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"e{n}", "company": "7", "user": f"m{n % 3}", "feature": "report",
            "at": (AT + timedelta(minutes=n)).isoformat(), "properties.rows": n, "ignored": "x",
        }
        for n in range(number)
    ]  # fmt: skip


def as_csv(path: Path, rows: list[dict[str, Any]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def as_jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


def as_parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    return path


@pytest.mark.parametrize(
    ("write", "name"),
    [(as_csv, "e.csv"), (as_jsonl, "e.jsonl"), (as_parquet, "e.parquet")],
    ids=["csv", "jsonl", "parquet"],
)
async def test_every_format_gives_the_same_events(
    http: Served, settings: Settings, tenant: UUID, account: UUID, owner: Conn, tmp_path: Path,
    write: Any, name: str,
) -> None:  # fmt: skip
    key = await a_key(settings, tenant, "ingest")
    load = a_load(write(tmp_path / name, rows(50)))

    assert await load.send(http.gateway, key, again=False) == {"accepted": 50}

    events = await owner.fetch("SELECT * FROM usage.event ORDER BY occurred_at")
    assert {row["account_id"] for row in events} == {account}
    assert [row["occurred_at"] for row in events] == [AT + timedelta(minutes=n) for n in range(50)]
    assert (events[4]["member"], json.loads(events[4]["properties"])["rows"]) in (
        ("m1", 4),
        ("m1", "4"),
    )
    assert not load.rejects.exists()
    assert await load.send(http.gateway, key, again=False) == {"accepted": 50}
    assert await load.send(http.gateway, key, again=True) == {"duplicate": 50}


@pytest.mark.parametrize("reaches_us", [False, True], ids=["on its way", "before its answer"])
async def test_a_broken_load_goes_on_where_it_was(
    http: Served, settings: Settings, tenant: UUID, account: UUID, owner: Conn, tmp_path: Path,
    reaches_us: bool,
) -> None:  # fmt: skip
    key = await a_key(settings, tenant, "ingest")
    path = as_csv(tmp_path / "e.csv", rows(50))
    load = replace(a_load(path), chunk_rows=20, max_pause_s=0.01)
    count = "SELECT count(*) FROM usage.event"

    async with cut_off(settings.port, after=1, reaches_us=reaches_us) as line:
        with pytest.raises(LoadError, match="does not take events after"):
            await load.send(line.url, key, again=False)
        assert await owner.fetchval(count) == (40 if reaches_us else 20)
        line.after, before = 1_000, line.requests

        again = {"accepted": 30, "duplicate": 20} if reaches_us else {"accepted": 50}
        assert await load.send(line.url, key, again=False) == again
        assert line.requests - before == 2
    assert await owner.fetchval(count) == 50


async def test_rows_of_many_bytes_are_sent_in_smaller_batches(
    http: Served, settings: Settings, tenant: UUID, account: UUID, tmp_path: Path
) -> None:
    key = await a_key(settings, tenant, "ingest")
    large = [{**row, "properties.text": "x" * 20_000} for row in rows(900)]

    assert sum(len(json.dumps(row)) for row in large) > 16 * 1024 * 1024
    load = a_load(as_jsonl(tmp_path / "e.jsonl", large))
    assert await load.send(http.gateway, key, again=False) == {"accepted": 900}


async def test_rows_that_are_not_taken_go_to_a_file_with_the_reason(
    http: Served, settings: Settings, tenant: UUID, account: UUID, tmp_path: Path
) -> None:
    key = await a_key(settings, tenant, "ingest")
    path = as_jsonl(tmp_path / "e.jsonl", rows(3))
    path.write_text(
        path.read_text() + '\n{"id": "a", \n[1]\n{"id":"b","feature":7,"company":"7","at":"now"}\n'
        '{"feature":"idless","company":"7","at":"2026-11-02T08:00:00"}\n'
    )
    load = a_load(path)

    assert await load.send(http.gateway, key, again=False) == {"accepted": 4, "rejected": 3}

    rejects = [json.loads(line) for line in load.rejects.read_text().splitlines()]
    assert Counter(line["why"]["field"] for line in rejects) == {"row": 2, "feature": 1}
    verdict = load.judge()
    assert (verdict["good"], verdict["rejected"]) == (4, 3)
    dry = [json.loads(line) for line in load.rejects.read_text().splitlines()]
    assert [line["why"]["row"] for line in dry] == [3, 4, 5]


def test_moments_without_a_zone_get_the_named_one() -> None:
    reading = Reading(zone=ZoneInfo("Asia/Tokyo"))
    row = reading.row({"feature": "x", "occurred_at": "2026-11-02 08:00:00"}, "f:1")
    assert (row.occurred_at, row.id) == ("2026-11-02T08:00:00+09:00", "f:1")


def test_moments_as_databases_write_them_are_good(tmp_path: Path) -> None:
    written = [
        "2026-11-01 09:30:00+00", "2026-11-01 09:30:00 UTC", "2026-11-01 09:30:00.123000 UTC",
        "2026-11-01 09:30:00.123 +0000", "2026-11-01 09:30:00.123 Z", "2026-11-01T09:30Z",
        "2026-11-01 09:30:00", "2026-11-01",
    ]  # fmt: skip
    events = [{**row, "at": at} for row, at in zip(rows(8), written, strict=True)]

    load = a_load(as_csv(tmp_path / "e.csv", events))

    assert load.judge() == {"good": 8}, load.rejects.read_text()


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    path = as_csv(tmp_path / "e.csv", rows(3))
    good = ["--map", "memberId=user", "--map", "occurredAt=at", "--map", "externalId=company"]
    rejects = ["--rejects", str(tmp_path / "r.jsonl"), "--dry-run"]

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(importing, ["events", str(path), *rejects, *arguments])
        return done.exit_code, done.output

    assert run(*good, "--external-source", "crm") == (0, "3 rows are good, 0 are not\n")
    code, output = run(*good)
    assert code == 1
    assert "3 are not" in output
    for wrong in (["--map", "user"], ["--map", "who=user"], ["--time-zone", "Mars/Olympus"]):
        assert run(*wrong)[0] == 2

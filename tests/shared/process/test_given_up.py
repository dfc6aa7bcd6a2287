"""What was given up is shown to our own, counted, and tried again when somebody asks for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from infra.cli.work import _each
from shared.platform.config import Settings
from shared.platform.db import Conn, Database
from shared.process import given_up, retries, work
from shared.process.facts import LogEntry
from shared.process.retries import Retries
from shared.process.rpc import Rpc
from shared.process.work import WorkList
from shared.process.worker import Worker, WorkerContext
from shared.vocabulary.errors import ServiceUnavailable
from tests.conftest import DatabaseOf
from tests.shared.process.test_work import due

LIST = WorkList("things")


async def poison(_: UUID, __: Sequence[work.Claim]) -> None:
    raise ValueError("cannot be scored\nat all")


async def never(_: WorkerContext, __: UUID, ___: Sequence[work.Claim]) -> None:
    """Nobody works here."""


async def tire_out(db: Database, tenant: UUID, *keys: UUID) -> None:
    """Work that fails until it is given up."""
    async with db.write(tenant) as conn:
        await work.mark(conn, LIST, keys)
    while await work.drain(db, LIST, poison):
        await due(db, tenant)


async def test_given_up_work_is_a_problem_of_its_worker_until_it_is_tried_again(
    settings: Settings, database: DatabaseOf, tenant: UUID, other_tenant: UUID
) -> None:
    db, key = await database("risk"), uuid4()
    worker = Worker("risk", {LIST: never})
    async with Rpc(settings) as rpc:
        context = WorkerContext(settings, db, rpc)
        await tire_out(db, tenant, key, uuid4())
        await tire_out(db, other_tenant, uuid4())
        problems = await worker.all_problems(context)
        assert {(p["tenant"], p["list"], p["things"]) for p in problems} == {
            (tenant, "things", 2),
            (other_tenant, "things", 1),
        }
        assert all("cannot be scored" in problem["error"] for problem in problems)

        assert await given_up.retry(db, tenant, "things") == 2
        assert [p["tenant"] for p in await worker.all_problems(context)] == [other_tenant]
        claims = await work.claim(db, LIST)
        assert {(claim.tenant_id, claim.attempt) for claim in claims} == {(tenant, 1)}


async def test_a_gauge_of_each_list_says_how_much_is_given_up(
    database: DatabaseOf, tenant: UUID
) -> None:
    reader = InMemoryMetricReader()
    metrics.set_meter_provider(MeterProvider([reader]))
    db = await database("risk")
    await tire_out(db, tenant, uuid4(), uuid4())
    await given_up.measure(db, "risk", ["things", "others"])
    assert values(reader) == {("risk", "things"): 2, ("risk", "others"): 0}

    await given_up.retry(db, tenant, "things")
    await given_up.measure(db, "risk", ["things", "others"])
    assert values(reader) == {("risk", "things"): 0, ("risk", "others"): 0}


def values(reader: InMemoryMetricReader) -> dict[tuple[Any, Any], Any]:
    """The gauge by service and list."""
    data = reader.get_metrics_data()
    assert data is not None
    (gauge,) = data.resource_metrics[0].scope_metrics[0].metrics
    assert gauge.name == "tenure.work.given_up"
    return {
        (p.attributes["service"], p.attributes["list"]): p.value  # type: ignore[index]
        for p in gauge.data.data_points
    }


@dataclass(frozen=True, slots=True)
class Happened:
    number: int


class Ear:
    """Hears facts, each time it is able to."""

    def __init__(self, db: Database) -> None:
        self.fault: Exception | None = None
        self.numbers: list[int] = []
        self.retries = Retries(db, "billing", {self.listen: ["Happened"]})
        self._db = db

    async def listen(self, conn: Conn, happened: Sequence[Happened]) -> None:
        if self.fault:
            raise self.fault
        self.numbers += [fact.number for fact in happened]

    async def waits(self, tenant: UUID, *entries: LogEntry) -> None:
        """Facts that could not be applied with their page."""
        async with self._db.write(tenant) as conn:
            await self.retries.add(conn, entries)

    async def rounds(self) -> None:
        """Until nothing waits any more."""
        while await self.retries.round():
            pass


def entry(tenant: UUID, account: UUID, position: int) -> LogEntry:
    now = datetime.now(UTC)
    payload = {"number": position}
    return LogEntry(
        position, uuid4(), tenant, account, position, "Happened", payload, now, now, None
    )


@pytest.fixture
async def ear(database: DatabaseOf, monkeypatch: pytest.MonkeyPatch) -> Ear:
    monkeypatch.setattr(retries, "FIRST_PAUSE", timedelta(0))
    return Ear(await database("risk"))


async def test_dead_facts_are_tried_again_in_the_order_of_their_account(
    ear: Ear, database: DatabaseOf, owner: Conn, tenant: UUID
) -> None:
    db, account = await database("risk"), uuid4()
    ear.fault = ValueError("cannot be understood")
    letters = [entry(tenant, account, position) for position in (7, 3, 12)]
    await ear.waits(tenant, *letters)
    await ear.rounds()
    assert [(each.list, each.things) for each in await given_up.given_up(db)] == [
        ("facts-of-billing", 3)
    ]

    await owner.execute(
        "UPDATE risk.dead_letter SET event_id = NULL, occurred_at = NULL, logged_at = NULL"
        " WHERE position = 7"  # as those from before are
    )
    ear.fault = None
    assert await given_up.retry(db, tenant, "facts-of-billing") == 3
    await ear.rounds()

    assert ear.numbers == [3, 7, 12]
    assert await given_up.given_up(db) == []


AWAY = [
    ConnectionResetError("cut"),
    asyncpg.DiskFullError("No space left on device"),
    asyncpg.OutOfMemoryError("out of memory"),
    asyncpg.DeadlockDetectedError("deadlock detected"),
    asyncpg.LockNotAvailableError("canceling statement due to lock timeout"),
]


@pytest.mark.parametrize("fault", AWAY, ids=lambda fault: type(fault).__name__)
async def test_no_fact_is_given_up_while_the_database_is_unable(
    ear: Ear, database: DatabaseOf, tenant: UUID, fault: Exception
) -> None:
    ear.fault = fault
    await ear.waits(tenant, entry(tenant, uuid4(), 1))
    for _ in range(3 * retries.TRIES):
        with pytest.raises((type(fault), ServiceUnavailable)):
            await ear.retries.round()
    assert await given_up.given_up(await database("risk")) == []

    ear.fault = None
    await ear.rounds()
    assert ear.numbers == [1]


async def test_the_command_shows_and_tries_again_what_its_options_name(
    settings: Settings,
    database: DatabaseOf,
    tenant: UUID,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    db = await database("risk")
    for name, value in {
        "TENURE_DATABASE_URL": settings.owner_database_url,
        "TENURE_DATA_DIR": str(settings.data_dir),
    }.items():
        monkeypatch.setenv(name, value)
    await tire_out(db, tenant, uuid4(), uuid4())

    assert await _each(None, None, again=False) == 2
    line = "acme  risk.things  2  ValueError: cannot be scored\n"
    assert capsys.readouterr().out == line
    assert await _each("acme", "usage.things", again=True) == 0
    assert await _each("acme", "risk.things", again=True) == 2
    assert await _each(None, None, again=False) == 0

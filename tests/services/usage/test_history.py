"""Events one by one are kept for a while; roll-ups stay, and no old answer becomes another one."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from pyarrow import parquet

from ml.frames.export import export_day, exported, over_rpc
from services.usage import jobs
from services.usage.actions import history as history_actions
from services.usage.app import SERVICE
from services.usage.domain.work_lists import DROP_RAW
from services.usage.store import history
from services.usage.store.journeys import journeys
from services.usage.store.sessions import time_spent
from shared.platform.auth import Principal
from shared.platform.config import Settings
from shared.platform.db import Conn, Database
from shared.process.rpc import Dispatcher, Rpc
from shared.vocabulary.errors import InvalidInput
from tests.examples import worker_context
from tests.services.usage.examples import (
    an_account,
    caller_in,
    load,
    milestone,
    past,
    send,
    statuses,
    summary,
)

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
TODAY = NOW.replace(hour=0, minute=0, second=0)


async def keep(db: Database, caller: Principal, raw_days: int | None) -> None:
    async with db.write(caller.tenant_id) as conn:
        await history_actions.retention_set(conn, raw_days, caller)


async def a_history(db: Database, tenant: UUID) -> UUID:
    """Two events a day at six and at noon, for 200 days."""
    account = await an_account(db, tenant)
    mornings = [TODAY - DAY * back + timedelta(hours=6) for back in range(1, 201)]
    rows = [past(account, at + timedelta(hours=h)) for at in mornings for h in (0, 6)]
    await load(db, caller_in(tenant), rows)
    return account


async def test_history_drops_single_events_and_keeps_what_they_add_up_to(
    db: Database, tenant: UUID, owner: Conn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_actions, "MAX_DROPS", 50)
    account, caller = await a_history(db, tenant), caller_in(tenant)
    await milestone(db, caller, "reports")
    midnights = [TODAY - DAY * back for back in (0, 30, 61, 62, 63, 100, 199)]
    before = [await summary(db, tenant, account, at) for at in midnights]
    async with db.read(tenant) as conn:
        step = await journeys(conn, [account], TODAY - DAY * 100)

    await keep(db, caller, 62)
    while await jobs.WORKER.drain(worker_context(db), DROP_RAW):
        pass

    assert await owner.fetchval("SELECT min(occurred_at) FROM usage.event") >= TODAY - DAY * 62
    assert await owner.fetchval("SELECT count(*) FROM usage.event") == 124
    assert await owner.fetchval("SELECT sum(events) FROM usage.daily") == 400
    assert [await summary(db, tenant, account, at) for at in midnights] == before
    async with db.read(tenant) as conn:
        assert await journeys(conn, [account], TODAY - DAY * 100) == step


async def test_history_of_a_day_without_events_is_told_as_at_its_midnight_and_says_so(
    db: Database, tenant: UUID
) -> None:
    account, caller = await a_history(db, tenant), caller_in(tenant)
    at = TODAY - DAY * 100
    midnight = await summary(db, tenant, account, at)
    noon = await summary(db, tenant, account, at + timedelta(hours=12))
    assert noon.events_28.numerator == 55  # 27 days and a morning: the window moves with the day
    await keep(db, caller, 62)
    while await jobs.WORKER.drain(worker_context(db), DROP_RAW):
        pass

    later = await summary(db, tenant, account, at + timedelta(hours=12))

    assert later.as_of == at
    assert later == midnight
    recent = await summary(db, tenant, account, TODAY - DAY * 60 + timedelta(hours=12))
    assert recent.as_of == TODAY - DAY * 60 + timedelta(hours=12)


async def test_history_sessions_without_their_events_are_insufficient_data(
    db: Database, tenant: UUID
) -> None:
    account, caller = await a_history(db, tenant), caller_in(tenant)
    await keep(db, caller, 62)
    while await jobs.WORKER.drain(worker_context(db), DROP_RAW):
        pass

    async with db.read(tenant) as conn:
        whole = (await time_spent(conn, [account], TODAY - DAY * 34))[account]
        cut = (await time_spent(conn, [account], TODAY - DAY * 35))[account]

    assert whole.sessions.value == 56
    assert cut.sessions.insufficient_data
    assert cut.active_minutes.insufficient_data


async def test_history_an_event_that_was_dropped_is_not_counted_again(
    db: Database, tenant: UUID, owner: Conn
) -> None:
    account, caller = await an_account(db, tenant), caller_in(tenant)
    old = past(account, TODAY - DAY * 100)
    late = past(account, TODAY - DAY * 100, recordedAt=TODAY - DAY)
    await send(db, caller, [old, late])
    await keep(db, caller, 62)
    while await jobs.WORKER.drain(worker_context(db), DROP_RAW):
        pass

    receipts = await send(db, caller, [old, late, past(account, TODAY - DAY * 63)])

    assert statuses(receipts) == ["rejected", "duplicate", "rejected"]
    assert receipts[0].field == "occurredAt"
    assert "no longer kept" in (receipts[0].message or "")
    assert await owner.fetchval("SELECT sum(events) FROM usage.daily") == 2
    assert statuses(await send(db, caller, [past(account, TODAY - DAY * 62)])) == ["accepted"]


async def test_history_comes_round_every_day_until_everything_is_kept(
    db: Database, tenant: UUID, owner: Conn
) -> None:
    account, caller = await a_history(db, tenant), caller_in(tenant)
    await keep(db, caller, 100)
    while await jobs.WORKER.drain(worker_context(db), DROP_RAW):
        pass
    assert await owner.fetchval("SELECT count(*) FROM usage.event") == 200
    due = "SELECT next_at FROM usage.work WHERE list = 'drop_raw' AND key = $1"
    assert TODAY < await owner.fetchval(due, tenant) < NOW + DAY * 1.1
    rests = "SELECT next_at = 'infinity' FROM usage.work WHERE list = 'drop_raw' AND key = $1"
    assert await owner.fetchval(rests, account)

    await keep(db, caller, None)
    while await jobs.WORKER.drain(worker_context(db), DROP_RAW):
        pass
    assert await owner.fetchval("SELECT count(*) FROM usage.event") == 200
    assert await owner.fetchval(rests, tenant)
    await keep(db, caller, 200)  # what is gone stays gone
    async with db.read(tenant) as conn:
        assert (await history.retention(conn)).raw_since == TODAY - DAY * 100


@pytest.mark.parametrize("days", [61, 0, -1, 36_501])
async def test_history_too_short_a_time_is_refused(db: Database, tenant: UUID, days: int) -> None:
    with pytest.raises(InvalidInput, match="62"):
        await keep(db, caller_in(tenant), days)


async def test_history_of_one_tenant_leaves_the_others_alone(
    db: Database, tenant: UUID, other_tenant: UUID, owner: Conn
) -> None:
    await a_history(db, tenant)
    await a_history(db, other_tenant)

    await keep(db, caller_in(tenant), 62)
    while await jobs.WORKER.drain(worker_context(db), DROP_RAW):
        pass

    events = "SELECT count(*) FROM usage.event WHERE tenant_id = $1"
    assert await owner.fetchval(events, tenant) == 124
    assert await owner.fetchval(events, other_tenant) == 400


async def test_history_is_read_out_page_by_page(db: Database, tenant: UUID) -> None:
    accounts = sorted([await a_history(db, tenant), await a_history(db, tenant)])
    keys: list[str] = []
    last = None
    async with db.read(tenant) as conn:
        while page := await history.raw_events(
            conn, accounts, TODAY - DAY * 10, TODAY - DAY * 5, last, 3
        ):
            keys += [event.key for event in page]
            last = page[-1]

    assert len(keys) == len(set(keys)) == 20


async def test_history_is_exported_by_the_day_it_became_known(
    db: Database, tenant: UUID, settings: Settings, tmp_path: Path
) -> None:
    account, caller = await a_history(db, tenant), caller_in(tenant)
    late = past(account, TODAY - DAY * 90, recordedAt=TODAY - DAY * 2, properties={"a": [1]})
    await load(db, caller, [late])
    service = SERVICE.name
    local = {service: Dispatcher(db, reads=SERVICE.reads, commands=SERVICE.commands)}
    source = over_rpc(Rpc(settings, local=local), caller)
    days = [(TODAY - DAY * back).date() for back in (3, 2)]

    counts = [await export_day(source, day, f"file://{tmp_path}/lake") for day in days]
    again = await export_day(source, days[1], str(tmp_path / "lake"))

    assert (counts, again) == ([2, 3], 3)
    assert [exported(day, str(tmp_path / "lake")) for day in (*days, TODAY.date())] == [
        True, True, False,
    ]  # fmt: skip
    rows = parquet.read_table(tmp_path / "lake").to_pylist()
    assert len({row["key"] for row in rows}) == len(rows) == 5
    assert {row["recorded_on"] for row in rows} == {str(day) for day in days}
    (told_late,) = (row for row in rows if row["properties"])
    assert (told_late["occurred_at"], told_late["properties"]) == (TODAY - DAY * 90, '{"a": [1]}')
    assert (told_late["account_id"], told_late["member"]) == (str(account), "ann")

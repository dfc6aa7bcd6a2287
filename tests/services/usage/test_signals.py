"""Golden tables, one per number; the traps its definition names."""

import math
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.usage import jobs
from services.usage.domain.summary import UsageSummary
from services.usage.domain.work_lists import ANNOUNCE
from shared.platform.auth import SCOPES, Principal
from shared.platform.config import Settings
from shared.platform.db import Conn, Database
from shared.process import facts, work
from shared.vocabulary.errors import InvalidInput
from tests.examples import worker_context
from tests.services.usage.examples import (
    DAY,
    MIDNIGHT,
    NOON,
    World,
    an_account,
    event,
    past,
    send,
    summary,
)


@pytest.fixture
async def account(db: Database, tenant: UUID) -> UUID:
    return await an_account(db, tenant)


async def used(
    db: Database, tenant: UUID, account: UUID, plan: dict[str, list[int]], zone: str = "UTC"
) -> UsageSummary:
    """Each member once at eleven on those days before the fifteenth; the summary at noon."""
    rows = [
        past(account, MIDNIGHT - day * DAY + timedelta(hours=11), member, feature=f"{member}'s")
        for member, days in plan.items()
        for day in days
    ]
    await send(db, Principal(tenant, "loader", SCOPES, zone), rows)
    return await summary(db, tenant, account, NOON)


async def test_u14_dau_mau_is_the_mean_of_whole_days_over_distinct_members(
    db: Database, tenant: UUID, account: UUID
) -> None:
    plan = {
        "ann": list(range(40)),  # every day: 28 of the window
        "bob": list(range(1, 29, 2)),  # every other day: 14
        "cy": [28],  # the first day of the window
        "dee": [0, 29],  # only today, which is not over, and the day before the window
    }
    stickiness = (await used(db, tenant, account, plan)).dau_mau

    assert stickiness.value == pytest.approx((28 + 14 + 1) / 28 / 3)
    assert (stickiness.definition, stickiness.n) == ("U14", 3)
    assert (stickiness.window_from, stickiness.window_to) == (MIDNIGHT - 28 * DAY, MIDNIGHT)


async def test_u1_active_and_regular_members(db: Database, tenant: UUID, account: UUID) -> None:
    plan = {
        "ann": [0, 7, 14, 21],  # in each of four weeks
        "bob": [6, 13, 20, 27],  # in each of four weeks, on their last days
        "cy": [0, 1, 8, 21],  # not in the third
        "dee": [28, 35],  # before the window
    }
    usage = await used(db, tenant, account, plan)

    assert usage.active_members_28.value == 3
    assert usage.regular_members_28.value == pytest.approx(2 / 3)
    assert usage.events_28.value == 12
    assert usage.features_used_28.value == 3
    assert (usage.events_28.window_from, usage.events_28.window_to) == (MIDNIGHT - 27 * DAY, NOON)
    assert usage.last_event_at == NOON - timedelta(hours=1)
    assert usage.events_28.freshness == NOON - timedelta(minutes=59)


async def test_u1_regular_users_are_a_share_of_all_users_not_of_the_active(
    db: Database, tenant: UUID, account: UUID
) -> None:
    world = World(db, tenant, account)
    await world.members("ann", "bob", "cy")  # cy never came
    await world.members("dee", ended_at=NOON)  # gone
    await world.members("eve", recorded=NOON + DAY)  # not known yet
    await world.members("fay", added_at=NOON + DAY)  # not there yet
    await world.members("tester", internal=True)
    always = [0, 7, 14, 21]
    await world.used({
        ("ann", "x"): always, ("bob", "x"): [1], ("stranger", "x"): always, ("tester", "x"): always,
    })  # fmt: skip
    await world.used({(str(world.people["ann"]), "x"): always})  # by another name

    usage = await summary(db, tenant, account, NOON)
    regular = usage.regular_members_28
    assert (regular.value, regular.numerator, regular.denominator) == (0.5, 2, 4)
    assert (regular.definition, regular.version) == ("U1", 2)
    assert usage.active_members_28.value == 3
    assert (await summary(db, tenant, account, NOON + 2 * DAY)).regular_members_28.n == 6


async def test_u1_an_account_whose_users_never_came_has_none_that_are_regular(
    db: Database, tenant: UUID, account: UUID
) -> None:
    assert (await summary(db, tenant, account, NOON)).regular_members_28.insufficient_data
    await World(db, tenant, account).members("ann")
    regular = (await summary(db, tenant, account, NOON)).regular_members_28
    assert (regular.value, regular.n) == (0, 1)


async def test_u1_events_without_a_member_are_events_of_nobody(
    db: Database, tenant: UUID, account: UUID, principal: Principal
) -> None:
    await send(db, principal, [event(account)])

    usage = await summary(db, tenant, account)
    assert (usage.events_28.value, usage.active_members_28.value) == (1, 0)
    assert usage.regular_members_28.insufficient_data


async def test_u15_trend_is_the_slope_over_full_weeks(
    db: Database, tenant: UUID, account: UUID
) -> None:
    rows = [
        past(account, MIDNIGHT - (7 * week + 1) * DAY + timedelta(minutes=n))
        for week in range(10)
        for n in range(2 ** (10 - week) - 1)
    ]
    rows.append(past(account, MIDNIGHT + timedelta(hours=1)))  # today's week is not over
    rows.append(past(account, MIDNIGHT - 70 * DAY))
    for at in range(0, len(rows), 1_000):
        await send(db, Principal(tenant, "loader", SCOPES), rows[at : at + 1_000])

    usage = await summary(db, tenant, account, NOON)

    assert [week.events for week in usage.weeks] == [2, *(2**n - 1 for n in range(2, 11))]
    assert usage.weeks[0].start_at == MIDNIGHT - 70 * DAY
    ys = [math.log(3), *(n * math.log(2) for n in range(2, 11))]
    assert usage.weekly_trend.value == pytest.approx(
        sum((x - 4.5) * y for x, y in enumerate(ys)) / 82.5
    )
    assert (usage.weekly_trend.n, usage.weekly_trend.definition) == (10, "U15")


async def test_u15_seven_full_weeks_say_nothing_and_empty_ones_count(
    db: Database, tenant: UUID, account: UUID
) -> None:
    seven = await used(db, tenant, account, {"ann": [55, 3]})
    assert (seven.weekly_trend.n, seven.weekly_trend.insufficient_data) == (7, True)

    eight = await used(db, tenant, account, {"bob": [56]})
    assert [week.events for week in eight.weeks] == [2, 0, 0, 0, 0, 0, 0, 1]
    assert eight.weekly_trend.value is not None


async def test_u1_u14_u15_of_an_account_never_seen_are_insufficient_data(
    db: Database, tenant: UUID, account: UUID
) -> None:
    usage = await summary(db, tenant, account)

    assert usage.events_28.value == 0
    for metric in (usage.dau_mau, usage.regular_members_28, usage.weekly_trend):
        assert metric.insufficient_data
    assert (usage.last_event_at, usage.weeks) == (None, [])


async def test_days_are_the_tenants(db: Database, tenant: UUID, account: UUID) -> None:
    """Eleven in London is past midnight in Auckland: another day, and another week."""
    usage = await used(db, tenant, account, {"ann": [0, 28]}, "Pacific/Auckland")

    assert usage.events_28.value == 1
    assert usage.events_28.window_from == datetime(2026, 5, 18, 12, tzinfo=UTC)


async def test_as_of_needs_a_zone(db: Database, tenant: UUID, account: UUID) -> None:
    with pytest.raises(InvalidInput):
        await summary(db, tenant, account, NOON.replace(tzinfo=None))


async def test_one_announcement_per_account_however_many_events(
    db: Database, tenant: UUID, account: UUID, principal: Principal, owner: Conn, settings: Settings
) -> None:
    other = await an_account(db, tenant)
    await send(db, principal, [event(account) for _ in range(50)])
    await send(db, principal, [event(account), event(other)])
    assert await jobs.WORKER.drain(worker_context(db), ANNOUNCE) == 2
    await facts.relay_all(db)

    rows = await owner.fetch(
        "SELECT type, account_id, payload FROM usage.event_log ORDER BY position"
    )
    assert [(row["type"], row["account_id"]) for row in rows] == [
        ("UsageRecorded", key) for key in sorted([account, other])
    ]
    assert await work.pending(db, ANNOUNCE) == 0

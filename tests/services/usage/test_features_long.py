"""Slow traits: use over months, per member and in depth, as known before a landmark."""

from datetime import datetime
from uuid import uuid4

import pytest

from services.usage.store import landmarks
from shared.vocabulary.landmark import FeatureRow, Landmark
from tests.conftest import DatabaseOf
from tests.services.usage.examples import DAY, MIDNIGHT, NOON, World, named, past, send

WEEK = 7 * DAY
NAMES = (
    "events_per_member_week_91d",
    "events_per_member_week_364d",
    "quantity_per_event_28d",
    "quantity_per_event_91d",
    "quantity_per_event_364d",
    "depth_91d",
    "depth_364d",
    "completions_per_member",
    "active_per_member_28d",
    "onboarding_features_90d",
)


@pytest.fixture
async def world(database: DatabaseOf) -> World:
    """Ann for more than a year on the ground floor, and Bob for ten weeks up where it is deep."""
    db, tenant = await database("usage"), uuid4()
    world = World(db, tenant, await named(db, tenant, uuid4()))
    await world.features({"key": "core", "tier": "basic"}, {"key": "lab", "tier": "advanced"})
    await world.members("ann")
    await world.members("bob", added_at=MIDNIGHT - 10 * WEEK)
    await world.trained("ann", NOON - 200 * DAY)
    await world.used({("ann", "core"): [1, 2, 3, 4, 5, 6, 100, 200, 365]})
    await used_four(world, "bob", 5, 6, 7, 8)
    return world


async def used_four(world: World, name: str, *days: int) -> None:
    """Four uses of the lab on those days before the fifteenth."""
    rows = [past(world.account, NOON - day * DAY, name, feature="lab", quantity=4) for day in days]
    await send(world.db, world.loader, rows)


async def features_of(world: World, at: datetime = NOON) -> FeatureRow:
    async with world.db.read(world.tenant) as conn:
        (row,) = await landmarks.features(conn, [Landmark(world.account, at)])
    return {name: row[name] for name in NAMES}


async def test_the_golden_row(world: World) -> None:
    assert await features_of(world) == {
        "events_per_member_week_91d": pytest.approx(10 / 23),
        "events_per_member_week_364d": pytest.approx(12 / 62),
        "quantity_per_event_28d": pytest.approx((6 + 4 * 4 + 24 / 12) / (10 + 1)),
        "quantity_per_event_91d": pytest.approx((6 + 4 * 4) / 10),
        "quantity_per_event_364d": pytest.approx((8 + 4 * 4) / 12),
        "depth_91d": pytest.approx(4 * 2 / 10),
        "depth_364d": pytest.approx(4 * 2 / 12),
        "completions_per_member": 0.5,
        "active_per_member_28d": 1.0,
        "onboarding_features_90d": 1.0,
    }


async def test_what_becomes_known_at_the_landmark_or_later_changes_nothing(world: World) -> None:
    before = await features_of(world)
    await world.late({("ann", "lab"): [11, 12, 13]}, recorded=NOON)
    await world.members("bob", recorded=NOON, added_at=MIDNIGHT - 40 * WEEK)
    await world.members("cy", recorded=NOON)
    await world.trained("bob", NOON - DAY, recorded=NOON)
    await world.features({"key": "core", "tier": "advanced", "recordedAt": NOON})

    assert await features_of(world) == before
    after = await features_of(world, NOON + DAY)
    assert after["depth_91d"] == 2.0
    assert after["completions_per_member"] == pytest.approx(2 / 3)
    assert after["events_per_member_week_91d"] == pytest.approx(13 / 39)


async def test_the_own_people_of_the_vendor_are_neither_use_nor_members(world: World) -> None:
    before = await features_of(world)
    await world.members("vera", internal=True)
    await world.trained("vera", NOON - DAY)
    await used_four(world, "vera", 9, 10, 11)

    assert await features_of(world) == before


async def test_of_few_events_no_mean_is_told_and_without_members_no_rate(world: World) -> None:
    other = await world.other()
    never = {"onboarding_features_90d": 0.0}
    assert await features_of(other) == dict.fromkeys(NAMES) | never
    await other.used({("ann", "core"): list(range(1, 10))})
    assert await features_of(other) == dict.fromkeys(NAMES) | {"onboarding_features_90d": 1.0}
    await other.used({("ann", "lab"): [10]})
    row = await features_of(other)
    assert (row["quantity_per_event_91d"], row["depth_91d"]) == (1.0, 0.2)
    assert row["events_per_member_week_91d"] is None


async def test_a_feature_that_nobody_described_has_no_depth(world: World) -> None:
    before = await features_of(world)
    await world.used({("ann", "unheard_of"): [20, 21]})
    after = await features_of(world)
    assert (after["depth_91d"], after["depth_364d"]) == (before["depth_91d"], before["depth_364d"])
    assert after["quantity_per_event_91d"] == pytest.approx((6 + 16 + 2) / 12)


COUNTS = ("events_28d", "events_prev_28d", "active_members_28d", "active_days_28d")


async def brought_over(world: World, on: datetime) -> World:
    """An account of long ago whose records begin on that day; used daily ever since."""
    older = await world.other()
    await older.members("dora", recorded=on)
    await older.used({("dora", "core"): list(range(1, (NOON - on).days))})
    return older


async def counted(world: World) -> list[float | str | bool | None]:
    async with world.db.read(world.tenant) as conn:
        (row,) = await landmarks.features(conn, [Landmark(world.account, NOON)])
    return [row[name] for name in COUNTS]


async def test_counts_over_windows_that_reach_behind_the_records_are_unknown(world: World) -> None:
    assert await counted(await brought_over(world, NOON - 20 * DAY)) == [None] * 4
    assert await counted(await brought_over(world, NOON - 40 * DAY)) == [27, None, 1, 27]
    assert await counted(await brought_over(world, NOON - 70 * DAY)) == [27, 28, 1, 27]


async def test_a_new_account_and_one_whose_use_is_on_record_earlier_are_known_all_along(
    world: World,
) -> None:
    new = await world.other()
    await new.members("eve", added_at=NOON - 9 * DAY, recorded=NOON - 8 * DAY)
    assert await counted(new) == [0, 0, 0, 0]
    older = await brought_over(world, NOON - 20 * DAY)
    await older.late({("dora", "core"): [60]}, recorded=NOON - 20 * DAY)
    assert await counted(older) == [19, 0, 1, 19]


async def test_use_by_week_leaves_out_the_time_before_the_records(world: World) -> None:
    row = await features_of(await brought_over(world, NOON - 50 * DAY))
    daily = pytest.approx(7.0, rel=0.05)
    assert row["events_per_member_week_91d"] == row["events_per_member_week_364d"] == daily

"""Use told of two halves of the people: together they are the whole."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.usage.store import landmarks
from shared.vocabulary.landmark import FeatureRow, Half, Landmark
from tests.conftest import DatabaseOf
from tests.examples import number
from tests.services.usage.examples import DAY, MIDNIGHT, NOON, World, named, past, send

HOUR = timedelta(hours=3)
NAMES = [f"person {number}" for number in range(9)]
ADDED_UP = ("events_28d", "events_prev_28d", "active_members_28d")


@pytest.fixture
async def world(database: DatabaseOf) -> World:
    """Nine people, one of them internal, some known by name only, and use of nobody known."""
    db, tenant = await database("usage"), uuid4()
    world = World(db, tenant, await named(db, tenant, uuid4()))
    await world.features({"key": "core", "tier": "basic"}, {"key": "lab", "tier": "advanced"})
    await world.members(*NAMES[:8])
    await world.members(NAMES[8], internal=True)
    for name in NAMES[:5]:
        await world.trained(name, NOON - 30 * DAY)
    for place, name in enumerate([*NAMES, "never told of", str(world.people[NAMES[0]])]):
        days = [*range(1, 3 + place), *range(30, 36), *range(100, 104)]
        await used(world, name, days, feature=("core", "lab")[place % 2], quantity=1 + place)
    return world


async def used(world: World, name: str, days: Sequence[int], **values: Any) -> None:
    rows = [past(world.account, MIDNIGHT - day * DAY + HOUR, name, **values) for day in days]
    await send(world.db, world.loader, rows)


async def features_of(world: World, half: Half | None = None) -> FeatureRow:
    async with world.db.read(world.tenant) as conn:
        (row,) = await landmarks.features(conn, [Landmark(world.account, MIDNIGHT)], half)
    return row


async def test_counts_of_both_halves_add_up_to_the_whole(world: World) -> None:
    whole, first, second = [await features_of(world, half) for half in (None, 0, 1)]

    for name in ADDED_UP:
        assert number(first, name) + number(second, name) == number(whole, name) > 0
    assert number(whole, "active_members_28d") == 9


async def test_means_of_the_whole_lie_between_those_of_its_halves(world: World) -> None:
    rows = [await features_of(world, half) for half in (None, 0, 1)]
    both = [rows[1], rows[2]]

    for name in ("events_per_member_week_364d", "quantity_per_event_364d", "depth_364d"):
        means = [number(row, name) for row in both if row[name] is not None]
        assert min(means) - 1e-9 <= number(rows[0], name) <= max(means) + 1e-9
    assert number(rows[0], "active_days_28d") >= max(number(row, "active_days_28d") for row in both)


async def test_each_person_is_in_one_half_for_good(world: World) -> None:
    before = await features_of(world, 0), await features_of(world, 1)
    await world.members("new")
    await used(world, "new", [2, 3])
    after = await features_of(world, 0), await features_of(world, 1)

    is_other = [
        was["events_28d"] != now["events_28d"] for was, now in zip(before, after, strict=True)
    ]
    assert sorted(is_other) == [False, True]

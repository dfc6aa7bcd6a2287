"""Internal people and test accounts are left out of signals and model inputs alike."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from services.usage.store import history, landmarks
from services.usage.store import reads as reads_store
from shared.platform.db import Database
from shared.vocabulary.landmark import FeatureRow, Landmark
from tests.conftest import DatabaseOf
from tests.services.usage.examples import DAY, MIDNIGHT, NOON, World, named

WEEK = 7 * DAY


@pytest.fixture
async def world(database: DatabaseOf) -> World:
    db, tenant = await database("usage"), uuid4()
    return World(db, tenant, await named(db, tenant, uuid4()))


async def features(world: World, *moments: datetime) -> list[FeatureRow]:
    async with world.db.read(world.tenant) as conn:
        return await landmarks.features(conn, [Landmark(world.account, at) for at in moments])


async def plain(world: World) -> None:
    """Ann for eleven weeks, and somebody who is told to be from the vendor."""
    await world.used({("ann", "core"): [1, 2, 3, 30, 77], ("vera", "demo"): [0, 1, 5, 90, 91]})


async def test_internal_members_leave_no_trace_in_the_inputs_of_the_model(world: World) -> None:
    await plain(world)
    (counted,) = await features(world, NOON)
    other = await world.other()
    await other.used({("ann", "core"): [1, 2, 3, 30, 77]})
    await world.members("vera", internal=True)

    assert await features(world, NOON) == await features(other, NOON) != [counted]


async def test_who_is_internal_is_told_from_what_was_known_before_the_landmark(
    world: World,
) -> None:
    await plain(world)
    before = await features(world, NOON, NOON + WEEK)
    await world.members("vera", recorded=NOON, internal=True)

    later = [NOON, NOON + timedelta(microseconds=1), NOON + WEEK]
    at, after, week = await features(world, *later)
    assert at == before[0]  # told at that very moment, not before it
    assert (after["active_members_28d"], at["active_members_28d"]) == (1, 2)
    assert week["events_28d"] == 3


async def test_a_test_account_has_no_inputs_from_when_it_is_told(world: World) -> None:
    await plain(world)
    await world.intends(5, internal=True)  # told long ago
    (row,) = await features(world, NOON)
    assert (row["events_28d"], row["weeks_since_last_event"]) == (0, None)


async def test_a_member_under_two_names_is_one_to_signals_and_model_alike(world: World) -> None:
    await world.members("ann")
    await world.used({("ann", "core"): [1], (str(world.people["ann"]), "core"): [2]})
    (row,) = await features(world, NOON)
    async with world.db.read(world.tenant) as conn:
        summary = (await reads_store.summary(conn, [world.account], NOON))[world.account]
    assert row["active_members_28d"] == summary.active_members_28.value == 1


async def test_inputs_of_the_model_know_days_whose_events_are_gone_as_their_midnight(
    world: World, db: Database
) -> None:
    await world.used({("ann", "core"): [0, 1, 2]})
    noon, midnight = await features(world, NOON, MIDNIGHT)
    assert (noon["events_28d"], midnight["events_28d"]) == (3, 2)

    async with db.write(world.tenant) as conn:
        await history.set_retention(conn, 62)
        await conn.execute("UPDATE usage.retention SET raw_since = $1", MIDNIGHT + WEEK)
        await conn.execute("DELETE FROM usage.event")
    deleted, still = await features(world, NOON, MIDNIGHT)
    assert (deleted["events_28d"], still) == (2, midnight)


@pytest.fixture
async def db(world: World) -> Database:
    return world.db

"""U8: sessions end after half an hour of idleness, in whatever zone and across whatever clock."""

import itertools
from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from services.usage.domain.sessions import TimeSpent, sessions
from services.usage.store.sessions import member_sessions, time_spent
from shared.platform.db import Database
from tests.services.usage.examples import (
    World,
    an_account,
    caller_in,
    event,
    load,
    named,
    past,
    send,
)

MINUTE = timedelta(minutes=1)
ZONES = ["Etc/GMT+12", "Pacific/Kiritimati", "America/Havana", "Australia/Lord_Howe", "UTC"]
TURN = datetime(2025, 11, 2, 4, tzinfo=UTC)
"""Clocks in Havana go back to midnight an hour later; in Lord Howe they went on by half an hour."""
EXAMPLES = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


async def spent(db: Database, tenant: UUID, account: UUID, as_of: datetime) -> TimeSpent:
    async with db.read(tenant) as conn:
        return (await time_spent(conn, [account], as_of))[account]


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ([], []),
        ([0], [(0, 1)]),
        ([0, 29], [(29, 2)]),
        ([0, 30], [(0, 1), (0, 1)]),
        ([0, 29.99, 59.98], [(59.98, 3)]),
        ([45, 0, 10], [(10, 2), (0, 1)]),
        ([5, 5, 5], [(0, 3)]),
    ],
)
def test_u8_sessions_end_at_thirty_minutes_of_idleness(
    minutes: list[float], expected: list[tuple[float, int]]
) -> None:
    moments = [TURN + MINUTE * at for at in minutes]

    lengths = [(s.seconds / 60, s.events) for s in sessions(moments)]

    assert lengths == [(pytest.approx(length), events) for length, events in expected]


async def test_u8_time_spent_per_active_user(db: Database, tenant: UUID) -> None:
    account, caller = await an_account(db, tenant), caller_in(tenant)
    midnight = datetime(2026, 3, 10, tzinfo=UTC)
    first = midnight - timedelta(days=28)
    rows = [
        # Ann works across a midnight: one session of 40 minutes on two days.
        *(past(account, midnight - timedelta(days=3) + MINUTE * at) for at in (-20, 0, 20)),
        # Bob: a break of exactly half an hour; two sessions, no minutes.
        *(past(account, midnight - timedelta(days=2) + MINUTE * at, "bob") for at in (0, 30)),
        # At the edges: the last moment before the window, its first, and the first after it.
        past(account, first - MINUTE, "cy"),
        past(account, first, "dan"),
        past(account, midnight, "eve"),
        # Known only later, and by no named member.
        past(account, midnight - timedelta(days=2), "bob", recordedAt=midnight + 9 * MINUTE),
        event(account, occurredAt=midnight - MINUTE, recordedAt=midnight - MINUTE),
    ]
    await load(db, caller, rows)

    time_spent = await spent(db, tenant, account, midnight + 8 * MINUTE)

    assert (time_spent.active_minutes.numerator, time_spent.active_minutes.denominator) == (40, 3)
    assert time_spent.active_minutes.value == pytest.approx(40 / 3)
    assert (time_spent.sessions.numerator, time_spent.sessions.n) == (4, 3)
    assert (time_spent.sessions.window_from, time_spent.sessions.window_to) == (first, midnight)


async def test_u8_nobody_there_is_insufficient_data(db: Database, tenant: UUID) -> None:
    account = await an_account(db, tenant)

    time_spent = await spent(db, tenant, account, TURN)

    for metric in (time_spent.active_minutes, time_spent.sessions):
        assert metric.insufficient_data
        assert metric.n == 0


def bursts(seed: int, zone: ZoneInfo, as_of: datetime) -> list[tuple[str, datetime, int]]:
    """Members' moments around the change of clocks, most of them running over midnights of the
    zone: the two that bound the window, and those beside the change; some known late."""
    random, today = Random(seed), as_of.astimezone(zone).date()  # noqa: S311
    near = [TURN.date() + timedelta(days=n) for n in (-1, 0, 1)]
    days = [today, today - timedelta(days=28), *near]
    midnights = [datetime.combine(day, time(), zone).astimezone(UTC) for day in days]
    moments: list[tuple[str, datetime, int]] = []
    for _ in range(random.randint(0, 16)):
        member = random.choice(["ann", "bob"])
        at = TURN + timedelta(minutes=random.randint(-3 * 1440, 3 * 1440))
        if random.random() < 0.75:
            at = random.choice(midnights) - MINUTE * random.randint(2, 70)
        for _ in range(random.randint(1, 8)):
            at += MINUTE * random.choice([1, 7, 19, 29, 30, 31, 59, 61])
            moments.append((member, at, random.choice([0, 1, 3_600, 200_000])))
    return moments


@EXAMPLES
@example(seed=0, zone="America/Havana", days=0)
@example(seed=0, zone="America/Havana", days=28)
@given(seed=st.integers(0, 10_000), zone=st.sampled_from(ZONES), days=st.integers(0, 30))
async def test_u8_sessions_equal_a_recount_in_every_zone(
    db: Database, seed: int, zone: str, days: int
) -> None:
    tenant, account = uuid4(), uuid4()
    caller = caller_in(tenant, zone)
    as_of = TURN + timedelta(days=days, hours=5)
    moments = bursts(seed, ZoneInfo(zone), as_of)
    await named(db, tenant, account)
    await send(db, caller, [event(account, occurredAt=TURN - timedelta(days=400))])
    rows = [
        past(account, at, member, recordedAt=at + timedelta(seconds=lag))
        for member, at, lag in moments
    ]
    Random(0).shuffle(rows)  # noqa: S311
    await load(db, caller, rows)

    time_spent = await spent(db, tenant, account, as_of)

    seconds, count = recounted(moments, as_of, ZoneInfo(zone))
    assert time_spent.active_minutes.numerator == pytest.approx(seconds / 60)
    assert time_spent.sessions.numerator == count


def recounted(
    moments: list[tuple[str, datetime, int]], as_of: datetime, zone: ZoneInfo
) -> tuple[float, int]:
    """Minute by minute: walk each member's moments and see whether the next one comes in time."""
    today = as_of.astimezone(zone).date()
    window = {today - timedelta(days=back) for back in range(1, 29)}
    by_member: dict[str, list[datetime]] = defaultdict(list)
    for member, at, lag in moments:
        if at.astimezone(zone).date() in window and at + timedelta(seconds=lag) <= as_of:
            by_member[member].append(at)
    seconds, count = 0.0, 0
    for each in by_member.values():
        each.sort()
        pauses = [(b - a).total_seconds() for a, b in itertools.pairwise(each)]
        seconds += sum(pause for pause in pauses if pause < 1_800)
        count += 1 + sum(pause >= 1_800 for pause in pauses)
    return seconds, count


async def test_u8_what_is_recorded_later_never_changes_an_old_answer(
    db: Database, tenant: UUID
) -> None:
    account, caller = await an_account(db, tenant), caller_in(tenant)
    await load(db, caller, [past(account, TURN + MINUTE * at) for at in (0, 10, 20)])
    as_of = TURN + timedelta(days=2)
    before = await spent(db, tenant, account, as_of)

    await load(db, caller, [past(account, TURN + 15 * MINUTE, recordedAt=as_of + MINUTE)])
    await load(db, caller, [past(account, TURN + 25 * MINUTE, recordedAt=as_of + MINUTE)])

    assert await spent(db, tenant, account, as_of) == before
    after = await spent(db, tenant, account, as_of + timedelta(hours=1))
    assert after.active_minutes.numerator == 25


async def test_u8_a_members_sessions_are_listed(db: Database, tenant: UUID) -> None:
    account, caller = await an_account(db, tenant), caller_in(tenant)
    await load(db, caller, [past(account, TURN + MINUTE * at) for at in (0, 10, 60)])

    async with db.read(tenant) as conn:
        listed = await member_sessions(conn, account, "ann", TURN + timedelta(days=1))

    assert [(s.start_at, s.events) for s in listed] == [(TURN, 2), (TURN + 60 * MINUTE, 1)]
    assert date(2025, 11, 2) == listed[0].start_at.date()

    world = World(db, tenant, account)
    await world.members("ann")  # now both names are hers
    rows = [past(account, TURN + 90 * MINUTE, str(world.people["ann"]))]
    await send(db, world.loader, rows)
    async with db.read(tenant) as conn:
        for name in ("ann", str(world.people["ann"])):
            both = await member_sessions(conn, account, name, TURN + timedelta(days=1))
            assert [s.events for s in both] == [2, 1, 1]

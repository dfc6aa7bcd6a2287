"""U18: the stages at which members, not accounts, give up."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from services.usage.domain.member_funnel import MemberFunnelStep
from services.usage.store.member_funnel import funnel_of_members
from shared.platform.db import Database
from tests.services.usage.examples import World, an_account, caller_in, load, milestone, noon, used

START = date(2026, 1, 1)
BEGAN = datetime(2026, 1, 1, 9, tzinfo=UTC)
AS_OF = datetime(2026, 6, 15, 9, tzinfo=UTC)


def day(number: int) -> date:
    return START + timedelta(days=number)


async def steps(
    db: Database,
    tenant: UUID,
    since: date | None = None,
    until: date | None = None,
    as_of: datetime = AS_OF,
) -> list[MemberFunnelStep]:
    async with db.read(tenant) as conn:
        return await funnel_of_members(conn, since, until, as_of)


async def acted(db: Database, world: World, member: str, **days: int) -> None:
    for feature, number in days.items():
        rows = used(world.account, member, [day(number)], feature=feature)
        await load(db, caller_in(world.tenant), rows)


async def some_members(db: Database, tenant: UUID) -> None:
    """Five that were told, one that was not, and some that never count."""
    world = World(db, tenant, await an_account(db, tenant))
    await world.members("ann", "bob", "cy", "silent", added_at=BEGAN)
    await world.members("gone", added_at=BEGAN, ended_at=BEGAN + timedelta(days=30))
    await world.members("tester", added_at=BEGAN, internal=True)
    await acted(db, world, "ann", a=1, b=3, c=2)  # the other way round: both done on day 3
    await acted(db, world, str(world.people["ann"]), c=9)  # by another name, and later
    await acted(db, world, "bob", a=1, b=7)
    await acted(db, world, "cy", a=1, c=2)  # half of the first step
    await acted(db, world, "gone", b=2)
    await acted(db, world, "tester", a=1, b=1, c=1)
    other = World(db, tenant, await an_account(db, tenant))
    await acted(db, other, "stranger", a=-10, b=1, c=1)  # nobody told: starts with the first use
    tests = await world.other()
    await tests.intends(None, internal=True)
    await acted(db, tests, "ann", a=1, b=1, c=1)


async def test_u18_the_funnel_of_members_shows_where_users_give_up(
    db: Database, tenant: UUID
) -> None:
    caller = caller_in(tenant)
    await milestone(db, caller, "first", features=["a", "b"], kUsers=3, order=1)
    await milestone(db, caller, "set-up", features=["a"], kUsers=0, order=2)  # nobody's own
    await milestone(db, caller, "second", features=["c"], order=3)
    await some_members(db, tenant)

    first, second = await steps(db, tenant)

    assert [s.milestone.key for s in (first, second)] == ["first", "second"]
    assert (first.members, first.conversion.denominator) == (3, 6)  # ann, bob, stranger of six
    assert (second.members, second.conversion.value) == (2, pytest.approx(2 / 3))
    assert (first.drop_off.value, second.drop_off.value) == (3, 1)
    assert second.reached.value == pytest.approx(2 / 6)
    assert (first.days.value, second.days.value) == (7, 7)  # 3, 7, 11; then 3 and 11
    assert first.conversion.definition == "U18.member_conversion"

    later = await steps(db, tenant, day(0), day(1))
    assert [s.members for s in later] == [2, 1]
    assert later[0].conversion.denominator == 5


async def test_u18_of_no_members_there_is_no_conversion(db: Database, tenant: UUID) -> None:
    assert await steps(db, tenant) == []
    await milestone(db, caller_in(tenant), "a", order=1)
    await milestone(db, caller_in(tenant), "b", order=2)
    for step in await steps(db, tenant):
        assert step.conversion.insufficient_data
        assert step.reached.insufficient_data
        assert step.days.insufficient_data

    world = World(db, tenant, await an_account(db, tenant))
    await acted(db, world, "ann", b=1)
    first, second = await steps(db, tenant)
    assert (first.conversion.value, second.conversion.insufficient_data) == (0, True)


async def test_u18_what_is_recorded_later_never_changes_an_old_funnel_of_members(
    db: Database, tenant: UUID
) -> None:
    await milestone(db, caller_in(tenant), "a")
    world = World(db, tenant, await an_account(db, tenant))
    await world.members("ann", added_at=BEGAN)
    await acted(db, world, "ann", a=20)
    before = await steps(db, tenant)

    late = AS_OF + timedelta(minutes=1)
    rows = used(world.account, "ann", [day(4)], feature="a", recordedAt=late)
    await load(db, caller_in(tenant), rows)
    await world.members("bob", added_at=BEGAN, recorded=late)
    await world.members("ann", added_at=BEGAN, internal=True, recorded=late + timedelta(days=9))

    assert await steps(db, tenant) == before
    assert before[0].days.value == 20
    (after,) = await steps(db, tenant, as_of=noon(AS_OF.date()))
    assert (after.members, after.conversion.denominator, after.days.value) == (1, 2, 4)
    (step,) = await steps(db, tenant, as_of=late + timedelta(days=10))
    assert (step.members, step.conversion.denominator) == (0, 1)

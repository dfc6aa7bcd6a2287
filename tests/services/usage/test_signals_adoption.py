"""U1 to U8, U14, U17: golden tables of an account's own signals, with the traps."""

from datetime import timedelta
from uuid import UUID

import pytest

from shared.db import Database
from shared.metric import MetricValue
from tests.conftest import DatabaseOf
from tests.services.usage.rows import DAY, NOON, an_account, summary
from tests.services.usage.world import World

BEFORE = NOON.date()


@pytest.fixture
async def db(database: DatabaseOf) -> Database:
    return await database("usage")


@pytest.fixture
async def world(db: Database, tenant: UUID) -> World:
    return World(db, tenant, await an_account(db, tenant))


def parts(metric: MetricValue) -> tuple[float | None, float | None, float | None]:
    return metric.value, metric.numerator, metric.denominator


async def test_u1_login_days_count_days_not_events(world: World) -> None:
    await world.used({("ann", "x"): [0, 0, 1, 27, 28], ("bob", "y"): [3], ("", "z"): [4]})

    login_days = (await world.signals()).adoption.login_days
    assert parts(login_days) == (2.0, 4, 2)  # ann on three days, bob on one; the 28th is outside
    assert login_days.definition == "U1.login_days"


async def test_u2_seat_gap_counts_assigned_members_only(world: World) -> None:
    await world.seats(4, BEFORE - 200 * DAY)
    await world.members("ann", "bob", "cy")
    await world.members("dee", ended_at=NOON - DAY)  # left
    await world.used({
        ("ann", "x"): [1], ("bob", "x"): [40], ("dee", "x"): [5], ("stranger", "x"): [2],
    })  # fmt: skip

    seats = (await world.signals()).adoption.seats
    assert (seats.purchased, seats.assigned) == (4, 3)
    assert parts(seats.utilisation) == (0.25, 1, 4)
    assert parts(seats.gap) == (0.75, 3, 4)
    assert (seats.gap.definition, seats.gap.version, seats.gap.n) == ("U2", 2, 4)
    assert parts(seats.login_gap) == (0.5, 2, 4)  # bob came once, long ago
    assert seats.overuse.value == 0


async def test_u2_seat_gap_without_members_counts_whoever_is_active(world: World) -> None:
    await world.seats(4, BEFORE - 200 * DAY)
    await world.used({("ann", "x"): [1], ("bob", "x"): [2]})

    seats = (await world.signals()).adoption.seats
    assert parts(seats.gap) == (0.5, 2, 4)
    assert seats.assigned is None
    assert seats.login_gap.insufficient_data
    assert seats.training_gap.insufficient_data


async def test_u2_seat_gap_is_never_below_zero_and_overuse_says_so(world: World) -> None:
    await world.seats(1, BEFORE - 200 * DAY)
    await world.used({("ann", "x"): [1], ("bob", "x"): [2], ("cy", "x"): [3]})

    seats = (await world.signals()).adoption.seats
    assert (seats.gap.value, seats.overuse.value, seats.utilisation.value) == (0, 2, 3)


async def test_u2_seat_gap_is_unknown_without_seats_and_after_the_end(world: World) -> None:
    await world.used({("ann", "x"): [1]})
    seats = (await world.signals()).adoption.seats
    for metric in (seats.gap, seats.utilisation, seats.login_gap, seats.overuse):
        assert metric.insufficient_data

    await world.seats(0, BEFORE - 30 * DAY)
    assert (await world.signals()).adoption.seats.gap.insufficient_data
    await world.seats(5, BEFORE - 20 * DAY, BEFORE - DAY)
    assert (await world.signals()).adoption.seats.gap.insufficient_data


async def test_u2_seats_are_those_of_the_newest_contract_that_began(world: World) -> None:
    await world.seats(8, BEFORE - 90 * DAY)
    await world.seats(2, BEFORE + 90 * DAY)  # not signed yet
    assert (await world.signals()).adoption.seats.purchased == 8
    await world.seats(4, BEFORE - 10 * DAY)  # the renewal speaks
    assert (await world.signals()).adoption.seats.purchased == 4


async def test_u2_billing_says_the_seats_where_no_contract_does(world: World) -> None:
    await world.plan("team", 5)
    await world.used({("ann", "x"): [1]})

    seats = (await world.signals()).adoption.seats
    assert (seats.purchased, seats.gap.value) == (5, 0.8)


async def test_u2_training_gap_takes_a_required_course(world: World) -> None:
    await world.seats(4, (NOON - 30 * DAY).date())
    await world.members("ann", "bob")
    await world.trained("ann", NOON - 10 * DAY, required=False)
    await world.trained("bob", NOON - 10 * DAY)
    await world.used({("ann", "core"): [1], ("bob", "core"): [1]})

    seats = (await world.signals()).adoption.seats
    assert (seats.training_gap.value, seats.training_gap.version) == (0.75, 2)
    assert seats.trained_and_active_gap.value == 0.75


async def test_u2_training_gap_and_trained_and_active_gap(world: World) -> None:
    await world.seats(4, BEFORE - 200 * DAY)
    await world.members("ann", "bob", "cy")
    await world.trained("ann", NOON - 100 * DAY)
    await world.trained("bob", NOON - 100 * DAY)
    await world.trained("bob", NOON - 90 * DAY)  # twice is once
    await world.trained("cy", NOON - DAY, recorded=NOON + DAY)  # not known yet
    await world.used({("ann", "x"): [1], ("cy", "x"): [1]})

    seats = (await world.signals()).adoption.seats
    assert parts(seats.training_gap) == (0.5, 2, 4)
    assert parts(seats.trained_and_active_gap) == (0.75, 3, 4)
    later = (await world.signals(NOON + 2 * DAY)).adoption.seats
    assert later.training_gap.value == 0.25


@pytest.mark.parametrize(
    ("age_days", "users", "band"),
    [
        (10, 0, "red"), (200, 0, "red"),  # below a tenth at any age
        (40, 5, None), (90, 5, "yellow"), (200, 5, "red"),
        (40, 7, None), (90, 7, "green"), (200, 7, "yellow"), (300, 7, "red"),
        (10, 8, "green"), (300, 8, "green"),
    ],
)  # fmt: skip
async def test_u2_band_by_contract_age(
    world: World, age_days: int, users: int, band: str | None
) -> None:
    await world.seats(10, BEFORE - age_days * DAY)
    await world.used({(f"m{n}", "x"): [1] for n in range(users)})

    assert (await world.signals()).adoption.seats.band == band


async def test_u2_renewal_does_not_make_a_contract_young(world: World) -> None:
    await world.seats(10, BEFORE - 400 * DAY, BEFORE - 35 * DAY)
    await world.seats(10, BEFORE - 35 * DAY)
    seats = (await world.signals()).adoption.seats
    assert seats.contract_age_months == 13


async def test_u3_breadth_is_measured_against_intended_users_else_seats(world: World) -> None:
    await world.seats(4, BEFORE - 200 * DAY)
    await world.used({("ann", "x"): [1], ("bob", "x"): [2]})
    breadth = (await world.signals()).adoption.breadth
    assert (parts(breadth.organisation), breadth.basis) == ((0.5, 2, 4), "seats")

    await world.intends(20)
    breadth = (await world.signals()).adoption.breadth
    assert (parts(breadth.organisation), breadth.basis) == ((0.1, 2, 20), "intended_users")


async def test_u3_persona_breadth_counts_roles_with_an_active_member(world: World) -> None:
    assert (await world.signals()).adoption.breadth.personas.insufficient_data
    await world.members("ann", role="admin")
    await world.members("bob", "cy", role="user")
    await world.members("dee", role="analyst")
    await world.members("eve", role=None)
    await world.used({("ann", "x"): [1], ("cy", "x"): [1], ("eve", "x"): [1]})

    assert parts((await world.signals()).adoption.breadth.personas) == (2 / 3, 2, 3)


async def test_u3_concentration_leaves_out_events_of_nobody(world: World) -> None:
    await world.used({("ann", "x"): [1, 2, 3], ("bob", "x"): [4], ("", "x"): [5, 6, 7]})

    breadth = (await world.signals()).adoption.breadth
    assert parts(breadth.top_share) == (0.75, 3, 4)
    assert breadth.hhi.value == pytest.approx(0.75**2 + 0.25**2)


async def test_u4_depth_is_over_core_features_of_the_plan(world: World) -> None:
    await world.used({
        ("ann", "a"): [1, 2], ("ann", "b"): [3], ("ann", "c"): [1], ("bob", "a"): [1],
        ("bob", "elsewhere"): [1], ("cy", "a"): [28],
    })  # fmt: skip
    assert (await world.signals()).adoption.depth.insufficient_data  # nothing is described

    core = {"core": True}
    await world.features(
        {"key": "a", **core}, {"key": "b", "plans": ["team"], **core},
        {"key": "c", "plans": ["enterprise"], **core}, {"key": "elsewhere"},
    )  # fmt: skip
    await world.plan("team")
    assert parts((await world.signals()).adoption.depth) == (3 / 4, 3, 4)


async def test_u5_new_features_are_those_never_used_before(world: World) -> None:
    await world.members("ann")
    await world.used({
        ("ann", "old"): [1, 28], ("ann", "new"): [27], ("bob", "old"): [2], ("", "odd"): [1],
    })  # fmt: skip
    await world.used(
        {(str(world.people["ann"]), "old"): [3], (str(world.people["ann"]), "new"): [0]}
    )

    # ann by either of her names is one; bob's first use of an old feature is new to him
    assert parts((await world.signals()).adoption.new_features) == (1.0, 2, 2)


async def test_u5_level_needs_three_uses_of_a_tier(world: World) -> None:
    await world.features(
        {"key": "a"}, {"key": "m", "tier": "intermediate"}, {"key": "n", "tier": "intermediate"},
        {"key": "z", "tier": "advanced"},
    )  # fmt: skip
    assert (await world.signals()).adoption.level.insufficient_data
    await world.used({("ann", "z"): [1, 2, 28]})
    assert (await world.signals()).adoption.level.value == 0
    await world.used({("ann", "m"): [1, 2], ("bob", "n"): [3]})
    assert (await world.signals()).adoption.level.value == 2


async def test_u6_sticky_share_is_over_all_events(world: World) -> None:
    await world.used({("ann", "s"): [1, 28], ("ann", "t"): [2], ("bob", "unknown"): [1, 2]})
    assert (await world.signals()).adoption.sticky_share.insufficient_data
    await world.features({"key": "s", "sticky": True}, {"key": "t"})
    assert parts((await world.signals()).adoption.sticky_share) == (0.25, 1, 4)


async def test_u8_use_per_user_counts_only_who_began_ninety_days_ago(world: World) -> None:
    await world.members("new", added_at=NOON - 89 * DAY)
    await world.members("settled", added_at=NOON - 90 * DAY)
    await world.used({
        ("new", "x"): [1], ("settled", "x"): [1, 1, 2], ("unknown", "x"): [89, 3],
        ("old", "x"): [91, 4], ("away", "x"): [200],
    })  # fmt: skip

    seen = (await world.signals()).adoption
    assert parts(seen.events_per_user) == (2.0, 4, 2)  # settled and old
    assert parts(seen.days_per_user) == (1.5, 3, 2)


async def test_u14_business_days_leave_out_weekends(world: World) -> None:
    # the fifteenth of June 2026 is a Monday: the first and second day before it are a weekend
    await world.used({("ann", "x"): [1, 2, 3], ("bob", "x"): [3, 28], ("cy", "x"): [2]})

    stickiness = (await world.signals()).adoption.dau_mau_business
    assert stickiness.value == pytest.approx(3 / 20 / 2)
    assert (stickiness.definition, stickiness.n) == ("U14.business_days", 2)


async def test_u17_feature_adoption_needs_three_uses_and_a_plan_that_has_it(world: World) -> None:
    await world.features(
        {"key": "a", "title": "Alpha"}, {"key": "b", "plans": ["team"]},
        {"key": "c", "plans": ["enterprise"]}, {"key": "unused"},
    )  # fmt: skip
    await world.plan("team")
    await world.used({
        ("ann", "a"): [1, 2, 3], ("bob", "a"): [1, 2, 28], ("ann", "b"): [0, 1, 2, 3],
        ("bob", "c"): [1, 2, 3], ("bob", "wild"): [1, 2, 3], ("", "a"): [1, 2, 3],
    })  # fmt: skip

    found = {each.key: each for each in (await world.signals()).adoption.features}
    assert {key: parts(each.adoption) for key, each in found.items()} == {
        "a": (0.5, 1, 2), "b": (0.5, 1, 2), "unused": (0.0, 0, 2), "wild": (0.5, 1, 2),
    }  # fmt: skip
    assert (found["a"].title, found["wild"].tier) == ("Alpha", None)


async def test_a_view_that_does_not_qualify_makes_nobody_active(world: World) -> None:
    await world.seats(4, BEFORE - 200 * DAY)
    await world.features({"key": "page_view", "qualifying": False}, {"key": "work"})
    await world.used({("ann", "page_view"): [1, 2, 3], ("bob", "work"): [1]})

    seen = (await world.signals()).adoption
    assert parts(seen.seats.utilisation) == (0.25, 1, 4)
    assert seen.login_days.value == 1


async def test_internal_members_and_accounts_are_never_counted(world: World) -> None:
    await world.seats(4, BEFORE - 200 * DAY)
    await world.members("ann")
    await world.members("tester", internal=True)
    await world.used({("ann", "x"): [1], ("tester", "x"): [1, 2, 3]})
    await world.used({(str(world.people["tester"]), "x"): [4]})

    seen = (await world.signals()).adoption
    assert (seen.seats.assigned, seen.seats.utilisation.numerator) == (1, 1)
    assert seen.breadth.top_share.denominator == 1
    assert seen.features[0].adoption.value == 0

    await world.members("ann", recorded=NOON - timedelta(hours=1), internal=True)
    assert (await world.signals()).adoption.login_days.insufficient_data
    before = await world.signals(NOON - timedelta(hours=2))
    assert before.adoption.seats.assigned == 1  # nothing old changes

    tests = await world.other()
    await tests.intends(5, internal=True)
    await tests.used({("ann", "x"): [1]})
    assert (await tests.signals()).adoption.login_days.insufficient_data


async def test_internal_members_leave_no_trace_in_the_summary(world: World) -> None:
    await world.members("tester", internal=True)
    await world.used({("tester", "x"): [1, 100], ("ann", "x"): [9, 60]})

    seen = await summary(world.db, world.tenant, world.account, NOON)
    assert (seen.events_28.value, seen.active_members_28.value) == (1, 1)
    assert seen.last_event_at == NOON - 9 * DAY - timedelta(hours=1)
    assert len(seen.weeks) == 8

    await world.intends(None, internal=True)
    seen = await summary(world.db, world.tenant, world.account, NOON)
    assert (seen.events_28.value, seen.last_event_at, seen.weeks) == (0, None, [])


async def test_an_account_nobody_uses_has_no_shares(world: World) -> None:
    seen = (await world.signals()).adoption
    shares = (
        seen.login_days, seen.breadth.organisation, seen.breadth.personas, seen.breadth.top_share,
        seen.breadth.hhi, seen.depth, seen.new_features, seen.level, seen.sticky_share,
        seen.events_per_user, seen.days_per_user, seen.dau_mau_business,
    )  # fmt: skip
    assert all(metric.insufficient_data for metric in shares)
    assert seen.features == []

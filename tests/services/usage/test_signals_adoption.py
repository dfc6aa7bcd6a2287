"""U1 to U8, U14, U17: golden tables of an account's own signals, with the traps; U2 has its own."""

from datetime import UTC, datetime, timedelta

import pytest

from services.usage.domain.stickiness import Stickiness
from services.usage.store import stickiness as stickiness_store
from shared.vocabulary.errors import InvalidInput
from tests.services.usage.examples import DAY, MIDNIGHT, NOON, World, parts, summary, use_case

BEFORE = NOON.date()


async def test_u1_login_days_count_days_not_events(world: World) -> None:
    await world.used({("ann", "x"): [0, 0, 1, 27, 28], ("bob", "y"): [3], ("", "z"): [4]})

    login_days = (await world.signals()).adoption.login_days
    assert parts(login_days) == (2.0, 4, 2)  # ann on three days, bob on one; the 28th is outside
    assert login_days.definition == "U1.login_days"


async def test_u3_breadth_is_measured_against_intended_users_else_seats(world: World) -> None:
    await world.seats(4, BEFORE - 200 * DAY)
    await world.used({("ann", "x"): [1], ("bob", "x"): [2]})
    breadth = (await world.signals()).adoption.breadth
    assert (parts(breadth.organisation), breadth.basis) == ((0.5, 2, 4), "seats")

    await world.intends(20)
    breadth = (await world.signals()).adoption.breadth
    assert (parts(breadth.organisation), breadth.basis) == ((0.1, 2, 20), "intended_users")


async def test_u3_breadth_is_unknown_without_intended_users_and_seats(world: World) -> None:
    await world.used({("ann", "x"): [1]})
    breadth = (await world.signals()).adoption.breadth
    assert (breadth.organisation.insufficient_data, breadth.basis) == (True, "seats")
    assert (breadth.top_share.value, breadth.hhi.value) == (1, 1)

    await world.intends(0)
    assert (await world.signals()).adoption.breadth.organisation.insufficient_data


async def test_u3_persona_breadth_is_over_the_personas_that_are_intended(world: World) -> None:
    for key, persona in (("a", "admin"), ("b", "analyst"), ("c", "analyst"), ("d", None)):
        await use_case(world.db, world.loader, key=key, persona=persona)
    await use_case(world.db, world.loader, key="e", persona="buyer")
    await use_case(world.db, world.loader, key="e", persona="buyer", retired=True, recordedAt=NOON)
    breadth = (await world.signals()).adoption.breadth
    assert (breadth.personas.insufficient_data, breadth.persona_basis) == (True, "use_cases")

    await world.members("ann", "bob", role="admin")
    await world.members("cy", role="clerk")  # active, but not one of those intended
    await world.used({("ann", "x"): [1], ("bob", "x"): [2], ("cy", "x"): [1]})
    assert parts((await world.signals()).adoption.breadth.personas) == (0.5, 1, 2)
    before = (await world.signals(NOON - timedelta(minutes=1))).adoption.breadth.personas
    assert parts(before) == (1 / 3, 1, 3)


async def test_u3_persona_breadth_counts_roles_with_an_active_member(world: World) -> None:
    assert (await world.signals()).adoption.breadth.personas.insufficient_data
    await world.members("ann", role="admin")
    await world.members("bob", "cy", role="user")
    await world.members("dee", role="analyst")
    await world.members("eve", role=None)
    await world.used({("ann", "x"): [1], ("cy", "x"): [1], ("eve", "x"): [1]})

    breadth = (await world.signals()).adoption.breadth
    assert (parts(breadth.personas), breadth.persona_basis) == ((2 / 3, 2, 3), "roles")


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

    adoption = (await world.signals()).adoption
    assert parts(adoption.events_per_user) == (2.0, 4, 2)  # settled and old
    assert parts(adoption.days_per_user) == (1.5, 3, 2)


async def stickiness(world: World, days: int, as_of: datetime | None = NOON) -> Stickiness:
    async with world.db.read(world.tenant) as conn:
        return (await stickiness_store.stickiness(conn, [world.account], days, as_of))[
            world.account
        ]


async def test_u14_over_thirty_days_when_asked_for(world: World) -> None:
    # the 29th day before is a Sunday, the 30th a Saturday
    await world.used({("ann", "x"): [0, 1, 3, 28, 29], ("bob", "x"): [3, 30], ("cy", "x"): [31]})
    await world.used({("ann", "y"): [3], ("", "x"): [2]})

    over_30 = await stickiness(world, 30)
    assert (over_30.calendar.value, over_30.calendar.n) == (pytest.approx(6 / 30 / 2), 2)
    assert over_30.calendar.definition == "U14.days_30"
    assert over_30.calendar.window_from == MIDNIGHT - 30 * DAY
    assert over_30.business.value == pytest.approx(3 / 20 / 2)  # twenty business days here, too
    assert over_30.business.definition == "U14.business_days_30"

    over_28, signals = await stickiness(world, 28), await world.signals()
    assert over_28.calendar.value == pytest.approx(4 / 28 / 2)
    assert parts(over_28.business) == parts(signals.adoption.dau_mau_business)
    overall = (await summary(world.db, world.tenant, world.account, NOON)).dau_mau
    assert parts(over_28.calendar) == parts(overall)


async def test_u14_nobody_and_other_windows_have_no_stickiness(world: World) -> None:
    await world.used({("ann", "x"): [0, 31], ("", "x"): [3]})
    for days in (28, 30):
        sticky = await stickiness(world, days)
        assert (sticky.calendar.insufficient_data, sticky.calendar.n) == (True, 0)
        assert sticky.business.insufficient_data
    with pytest.raises(InvalidInput, match="28 or 30"):
        await stickiness(world, 7)


async def test_u14_without_a_moment_it_is_now(world: World) -> None:
    sticky = await stickiness(world, 30, None)
    assert sticky.calendar.window_to is not None
    assert sticky.calendar.window_to <= datetime.now(UTC)


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

    features = {each.key: each for each in (await world.signals()).adoption.features}
    assert {key: parts(each.adoption) for key, each in features.items()} == {
        "a": (0.5, 1, 2), "b": (0.5, 1, 2), "unused": (0.0, 0, 2), "wild": (0.5, 1, 2),
    }  # fmt: skip
    assert (features["a"].title, features["wild"].tier) == ("Alpha", None)


async def test_u17_who_is_not_active_adopted_nothing(world: World) -> None:
    await world.features({"key": "view", "qualifying": False}, {"key": "work"})
    await world.used({("ann", "view"): [1, 2, 3]})
    features = {each.key: each.adoption for each in (await world.signals()).adoption.features}
    assert features["view"].insufficient_data
    assert features["work"].insufficient_data

    await world.used({("bob", "view"): [1, 2, 3], ("bob", "work"): [1]})
    features = {each.key: each.adoption for each in (await world.signals()).adoption.features}
    assert (parts(features["view"]), parts(features["work"])) == ((1.0, 1, 1), (0.0, 0, 1))


async def test_a_view_that_does_not_qualify_makes_nobody_active(world: World) -> None:
    await world.seats(4, BEFORE - 200 * DAY)
    await world.features({"key": "page_view", "qualifying": False}, {"key": "work"})
    await world.used({("ann", "page_view"): [1, 2, 3], ("bob", "work"): [1]})

    adoption = (await world.signals()).adoption
    assert parts(adoption.seats.utilisation) == (0.25, 1, 4)
    assert adoption.login_days.value == 1


async def test_internal_members_and_accounts_are_never_counted(world: World) -> None:
    await world.seats(4, BEFORE - 200 * DAY)
    await world.members("ann")
    await world.members("tester", internal=True)
    await world.used({("ann", "x"): [1], ("tester", "x"): [1, 2, 3]})
    await world.used({(str(world.people["tester"]), "x"): [4]})

    adoption = (await world.signals()).adoption
    assert (adoption.seats.assigned, adoption.seats.utilisation.numerator) == (1, 1)
    assert adoption.breadth.top_share.denominator == 1
    assert adoption.features[0].adoption.value == 0

    await world.members("ann", recorded=NOON - timedelta(hours=1), internal=True)
    assert (await world.signals()).adoption.login_days.insufficient_data
    before = await world.signals(NOON - timedelta(hours=2))
    assert before.adoption.seats.assigned == 1  # nothing old changes


async def test_internal_members_leave_no_trace_in_the_summary(world: World) -> None:
    await world.members("tester", internal=True)
    await world.used({("tester", "x"): [1, 100], ("ann", "x"): [9, 60]})

    usage = await summary(world.db, world.tenant, world.account, NOON)
    assert (usage.events_28.value, usage.active_members_28.value) == (1, 1)
    assert usage.last_event_at == NOON - 9 * DAY - timedelta(hours=1)
    assert len(usage.weeks) == 8

    await world.intends(None, internal=True)
    usage = await summary(world.db, world.tenant, world.account, NOON)
    assert (usage.events_28.value, usage.last_event_at, usage.weeks) == (0, None, [])


async def test_u1_u3_u4_u5_u6_u8_u14_of_an_account_nobody_uses_are_insufficient_data(
    world: World,
) -> None:
    adoption = (await world.signals()).adoption
    breadth = adoption.breadth
    shares = (
        adoption.login_days, breadth.organisation, breadth.personas, breadth.top_share, breadth.hhi,
        adoption.depth, adoption.new_features, adoption.level, adoption.sticky_share,
        adoption.events_per_user, adoption.days_per_user, adoption.dau_mau_business,
    )  # fmt: skip
    assert all(metric.insufficient_data for metric in shares)
    assert adoption.features == []

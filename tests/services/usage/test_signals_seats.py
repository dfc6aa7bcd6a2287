"""U2: golden tables of seats purchased against who is trained and active, with the traps."""

import pytest

from tests.services.usage.examples import DAY, NOON, World, parts, summary

BEFORE = NOON.date()


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
    assert (seats.gap.definition, seats.gap.version, seats.gap.n) == ("U2", 3, 4)
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


async def test_u2_billing_says_the_seats_and_the_contract_where_billing_told_none(
    world: World,
) -> None:
    await world.seats(8, BEFORE - 90 * DAY)
    await world.plan("team", 3, started_at=NOON + DAY)  # does not run yet
    await world.used({("ann", "x"): [1]})
    assert (await world.signals()).adoption.seats.purchased == 8

    await world.plan("team", 5, recorded=NOON - DAY)
    await world.plan("extra", 1, id="add-on")  # lines are not added up
    await world.plan("team", 2, recorded=NOON + DAY)  # not known yet
    seats = (await world.signals()).adoption.seats
    assert (seats.purchased, seats.gap.value) == (5, 0.8)


async def test_u2_where_all_lines_ended_nothing_is_purchased(world: World) -> None:
    await world.seats(8, BEFORE - 90 * DAY)
    await world.plan("team", 5, ended_at=NOON)
    await world.used({("ann", "x"): [1]})

    seats = (await world.signals()).adoption.seats
    assert (seats.purchased, seats.band) == (0, None)
    for metric in (seats.gap, seats.utilisation, seats.login_gap, seats.overuse):
        assert metric.insufficient_data
    assert (await world.signals(NOON - DAY)).adoption.seats.purchased == 5


async def test_u2_training_gap_takes_a_required_course(world: World) -> None:
    await world.seats(4, (NOON - 30 * DAY).date())
    await world.members("ann", "bob")
    await world.trained("ann", NOON - 10 * DAY, required=False)
    await world.trained("bob", NOON - 10 * DAY)
    await world.used({("ann", "core"): [1], ("bob", "core"): [1]})

    seats = (await world.signals()).adoption.seats
    assert (seats.training_gap.value, seats.training_gap.version) == (0.75, 3)
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
        (200, 1, "red"), (90, 1, "yellow"), (40, 1, None),  # a tenth exactly is not below
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


async def test_u2_of_a_test_account_nothing_is_said(world: World) -> None:
    await world.intends(5, internal=True)
    await world.seats(4, BEFORE - 200 * DAY)
    await world.members("ann")
    await world.trained("ann", NOON - 10 * DAY)
    await world.used({("ann", "x"): [1]})

    signals = await world.signals()
    assert (signals.adoption.seats.purchased, signals.adoption.seats.assigned) == (None, None)
    for metric in (
        signals.adoption.login_days, signals.adoption.seats.gap, signals.adoption.seats.login_gap,
        signals.adoption.seats.training_gap, signals.adoption.breadth.organisation,
        signals.low_usage.against_peers,
    ):  # fmt: skip
        assert metric.insufficient_data
    overall = await summary(world.db, world.tenant, world.account, NOON)
    assert (overall.regular_members_28.insufficient_data, overall.regular_members_28.n) == (True, 0)

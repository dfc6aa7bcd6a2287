"""U15, U16 and thin-and-shallow: an account against its own weeks and against its peers."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.usage import jobs
from services.usage.actions import signals as signals_actions
from services.usage.domain.peers import age_band, ordered, robust_z
from services.usage.domain.work_lists import MEASURE
from shared.platform.config import Settings
from shared.platform.db import Conn
from shared.process import work
from tests.examples import worker_context
from tests.services.usage.examples import DAY, MIDNIGHT, NOON, World

AGO = NOON.date()


async def measured(world: World, *others: World, at: datetime = NOON) -> None:
    async with world.db.write(world.tenant) as conn:
        await signals_actions.measure(conn, [world.account, *(each.account for each in others)], at)


async def peers(
    world: World, active: list[int], *, plan: str = "team", age_days: int = 200
) -> list[World]:
    """Accounts with so many active members each, who use one feature."""
    worlds: list[World] = []
    for users in active:
        other = await world.other()
        await other.seats(10, AGO - age_days * DAY)
        await other.plan(plan)
        await other.used({(f"m{n}", "core"): [1] for n in range(users)})
        worlds.append(other)
    return worlds


async def weeks(world: World, events: list[int]) -> None:
    """So many events in each full week, the oldest first."""
    last = len(events) - 1
    for week, times in enumerate(events):
        await world.used({("ann", f"f{week}"): [7 * (last - week) + 1] * times})
    await world.used({("", "first"): [7 * last + 7]})  # so that the oldest week is full


async def test_u15_ratio_is_the_last_full_week_over_the_median(world: World) -> None:
    await weeks(world, [4, 5, 6, 4, 5, 6, 5, 2])
    await world.used({("ann", "today"): [0] * 9})  # today's week is not over

    ratio = (await world.signals()).trend_ratio
    assert (ratio.value, ratio.n, ratio.definition) == (2 / 5, 8, "U15.ratio")


async def test_u15_needs_eight_weeks_and_a_median(world: World) -> None:
    await weeks(world, [4, 5, 6, 4, 5, 6])
    signals = await world.signals()
    assert signals.trend_ratio.insufficient_data
    assert signals.low_usage.z.insufficient_data

    await world.used({("ann", "old"): [200]})  # now most weeks are empty
    assert (await world.signals()).trend_ratio.insufficient_data


@pytest.mark.parametrize(
    ("weekly", "z"),
    [
        ([10, 12, 14, 10, 12, 14, 12, 0], 0.6745 * -12 / 2),
        ([10, 12, 14, 10, 12, 14, 12, 1000], 0.6745 * 988 / 2),  # one outlier moves nothing
        ([5, 5, 5, 5, 5, 5, 5, 0], None),  # no spread, no deviations
        ([1, 2, 3, 4, 5, 6, 7], None),
    ],
)
def test_u15_z_is_robust(weekly: list[int], z: float | None) -> None:
    assert robust_z(weekly) == (None if z is None else pytest.approx(z))


@pytest.mark.parametrize(
    ("months", "band"),
    [(None, None), (0, 0), (2, 0), (3, 1), (11, 3), (12, 4), (35, 5), (36, 6), (200, 6)],
)
def test_u16_age_bands(months: int | None, band: int | None) -> None:
    assert age_band(months) == band


async def test_u16_low_usage_is_half_of_the_peers_median(world: World) -> None:
    await world.seats(10, AGO - 200 * DAY)
    await world.plan("team")
    await world.used({("ann", "core"): [1], ("bob", "core"): [1]})
    await measured(world, *await peers(world, [4, 4, 4, 4, 6, 6, 6, 6]))

    low = (await world.signals()).low_usage  # itself is none of its peers: else the median were 4
    assert (low.against_peers.value, low.against_peers.denominator) == (2 / 5, 5)
    assert (low.peers, low.peer_accounts, low.is_low) == ("age_and_plan", 8, True)


async def test_u16_too_few_of_the_plan_falls_back_to_the_age(world: World) -> None:
    await world.seats(10, AGO - 200 * DAY)
    await world.plan("enterprise")
    await world.used({(f"m{n}", "core"): [1] for n in range(3)})
    old = await peers(world, [9, 9], age_days=600)
    await measured(world, *await peers(world, [4] * 8), *old)

    low = (await world.signals()).low_usage
    assert (low.peers, low.peer_accounts, low.is_low) == ("age", 8, False)
    assert low.against_peers.value == 3 / 4


async def test_u16_nobody_to_compare_with_is_no_verdict(world: World) -> None:
    await world.seats(10, AGO - 200 * DAY)
    await measured(world, *await peers(world, [4, 4]))

    low = (await world.signals()).low_usage
    assert low.against_peers.insufficient_data
    assert (low.peers, low.peer_accounts, low.is_low) == (None, 0, None)


async def test_u16_two_weeks_far_below_the_own_median_are_low(world: World) -> None:
    await weeks(world, [20, 22, 24, 20, 22, 24, 20, 22, 24, 20, 1, 1])
    low = (await world.signals()).low_usage
    assert low.is_low is True
    assert low.z.value is not None
    assert low.z.value < -2

    other = await world.other()
    await weeks(other, [20, 22, 24, 20, 22, 24, 20, 22, 24, 20, 22, 1])  # only one week
    assert (await other.signals()).low_usage.is_low is False


async def test_u16_standings_are_known_only_from_when_they_were_measured(world: World) -> None:
    await world.seats(10, AGO - 200 * DAY)
    await world.used({("ann", "core"): [1]})
    others = await peers(world, [4] * 8)
    moment = NOON - timedelta(seconds=1)
    before = await world.signals(moment)  # nobody was measured: the others are looked at now
    assert (before.low_usage.peer_accounts, before.low_usage.against_peers.value) == (8, 1 / 4)

    await measured(world, *others)
    await others[0].used({(f"x{n}", "core"): [1] for n in range(9)})
    await others[0].late({(f"y{n}", "core"): [1] for n in range(9)}, NOON)
    assert (await world.signals(moment)).low_usage.against_peers.denominator == 4
    assert (await world.signals(NOON)).low_usage.against_peers.denominator == 4
    long_after = (await world.signals(NOON + 60 * DAY)).low_usage  # the standings are old
    assert (long_after.peer_accounts, long_after.against_peers.insufficient_data) == (8, True)


async def test_u16_test_accounts_are_nobodys_peers(world: World) -> None:
    await world.seats(10, AGO - 200 * DAY)
    await world.used({("ann", "core"): [1]})
    others = await peers(world, [4] * 8)
    await others[0].intends(None, internal=True)
    assert (await world.signals()).low_usage.peer_accounts == 0  # looked at now

    await measured(world, *others)
    assert (await world.signals()).low_usage.peer_accounts == 0  # measured


@given(
    values=st.lists(st.integers(0, 9).map(float), min_size=2, max_size=30),
    share=st.sampled_from([0.25, 0.5]),
    place=st.integers(0, 29),
)
def test_u16_a_quantile_without_one_is_that_of_the_others(
    values: list[float], share: float, place: int
) -> None:
    def plain(values: list[float]) -> float:
        values = sorted(values)
        at = share * (len(values) - 1)
        low = values[math.floor(at)]
        return low + (values[math.ceil(at)] - low) * (at - math.floor(at))

    three = ordered(values, share)
    own = values.pop(place % len(values))
    assert three.quantile(share) == pytest.approx(plain([*values, own]))
    assert three.quantile(share, own) == pytest.approx(plain(values))


async def test_u4_thin_and_shallow_is_against_the_same_age_whatever_the_plan(
    world: World,
) -> None:
    await world.features({"key": "core", "core": True})
    others = await peers(world, [5] * 8)  # of the plan "team"
    await world.seats(10, AGO - 200 * DAY)
    await world.plan("enterprise")
    await world.used({("ann", "side"): [1]})
    await measured(world, *others)
    assert (await world.signals()).thin_and_shallow is True


async def test_u16_accounts_are_measured_again_after_a_week(
    world: World, settings: Settings, owner: Conn
) -> None:
    now = datetime.now(UTC)
    await world.seats(10, now.date() - 200 * DAY)
    async with world.db.write(world.tenant) as conn:
        await work.mark(conn, MEASURE, [world.account])

    assert await jobs.WORKER.drain(worker_context(world.db), MEASURE) == 1
    assert await jobs.WORKER.drain(worker_context(world.db), MEASURE) == 0
    row = await owner.fetchrow("SELECT age_band, active, breadth FROM usage.standing")
    assert row is not None
    assert tuple(row) == (2, 0, 0.0)
    due = await owner.fetchval("SELECT next_at FROM usage.work WHERE list = 'measure'")
    assert timedelta(days=6.9) < due - now < timedelta(days=7.1)


async def test_u4_thin_and_shallow_is_below_the_lowest_quarter_of_both(world: World) -> None:
    await world.features({"key": "core", "core": True}, {"key": "deep", "core": True})
    others = await peers(world, [5] * 8)
    for other in others[:4]:
        await other.used({(f"m{n}", "deep"): [1] for n in range(5)})
    await world.seats(10, AGO - 200 * DAY)
    await world.used({("ann", "side"): [1]})
    await measured(world, *others)
    assert (await world.signals()).thin_and_shallow is True

    await world.used({("ann", "core"): [1], ("ann", "deep"): [1]})  # thin, not shallow
    assert (await world.signals()).thin_and_shallow is False
    lonely = await world.other()
    assert (await lonely.signals()).thin_and_shallow is None


@pytest.mark.parametrize("moment", [MIDNIGHT - 20 * DAY, MIDNIGHT, NOON - timedelta(minutes=1)])
async def test_an_answer_about_a_past_moment_never_changes(world: World, moment: datetime) -> None:
    await world.seats(6, AGO - 200 * DAY)
    await world.members("ann", "bob")
    await world.features({"key": "a", "core": True, "sticky": True}, {"key": "b"})
    await world.plan("team", 6)
    await world.used({
        ("ann", "a"): [0, 1, 7, 21, 22, 40, 120], ("bob", "b"): [0, 2, 30, 31, 90],
    })  # fmt: skip
    await world.trained("ann", NOON - 100 * DAY)
    first = await world.signals(moment)
    assert first.adoption.login_days.value

    later = {"recordedAt": NOON + DAY}
    await world.features({"key": "a", "qualifying": False, **later}, {"key": "c", **later})
    await world.members("ann", recorded=NOON + DAY, internal=True)
    await world.members("cy", recorded=NOON + DAY)
    await world.plan("enterprise", 60, recorded=NOON + DAY)
    await world.trained("bob", NOON - 100 * DAY, recorded=NOON + DAY)
    await world.late({("ann", "late"): [0, 1, 2, 20, 21, 50], ("zoe", "a"): [3, 23]}, NOON + DAY)
    await measured(world, at=NOON + DAY)

    assert await world.signals(moment) == first
    assert await world.signals(NOON + 2 * DAY) != first

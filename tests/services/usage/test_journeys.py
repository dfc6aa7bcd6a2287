"""U7, U10, U11, U18: the way over milestones to value, and where accounts give up."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.usage.domain.journeys import FunnelStep, Journey, TimeToValue
from services.usage.domain.survival import Duration, kaplan_meier
from services.usage.store.journeys import journeys, milestone_funnel, value_times
from shared.platform.db import Conn, Database
from tests.services.usage.examples import (
    an_account,
    caller_in,
    contract,
    event,
    load,
    milestone,
    noon,
    used,
)

START = date(2026, 1, 1)
AS_OF = datetime(2026, 6, 15, 9, tzinfo=UTC)


def day(number: int) -> date:
    return START + timedelta(days=number)


def daily(since: int, until: int) -> list[date]:
    return [day(number) for number in range(since, until)]


async def way(db: Database, tenant: UUID, account: UUID, as_of: datetime = AS_OF) -> Journey:
    async with db.read(tenant) as conn:
        return (await journeys(conn, [account], as_of))[account]


async def test_u10_required_tasks_are_counted_within_their_days(db: Database, tenant: UUID) -> None:
    account, caller = await an_account(db, tenant), caller_in(tenant)
    for key, due in (("a", 10), ("b", 30), ("c", 31), ("d", 60), ("e", 90), ("f", None)):
        await milestone(db, caller, key, dueDay=due)
    await milestone(db, caller, "nice", dueDay=5, required=False)
    await contract(db, tenant, account, START)
    await contract(db, tenant, account, day(365))  # a second contract starts no new journey
    await load(
        db,
        caller,
        [
            *used(account, "ann", [day(-3)], feature="a"),  # done before the start
            *used(account, "ann", [day(30)], feature="b"),  # the day after the thirty
            *used(account, "ann", [day(29)], feature="c"),  # early
            *used(account, "ann", [day(89)], feature="d"),
        ],
    )

    journey = await way(db, tenant, account)

    assert (journey.required_30.numerator, journey.required_30.denominator) == (1, 2)
    assert (journey.required_60.numerator, journey.required_60.denominator) == (3, 4)
    assert (journey.required_90.numerator, journey.required_90.denominator) == (4, 5)
    assert journey.required_90.value == 0.8
    assert (journey.overdue.value, journey.overdue.n) == (
        1,
        5,
    )  # e; f is never due, nice not required
    assert [s.milestone.key for s in journey.steps if s.overdue] == ["e", "nice"]
    assert journey.started_on == START


async def test_u10_a_young_account_has_no_rate_yet(db: Database, tenant: UUID) -> None:
    account, caller = await an_account(db, tenant), caller_in(tenant)
    await milestone(db, caller, "a", dueDay=10)
    await contract(db, tenant, account, START)

    young = await way(db, tenant, account, noon(day(29)))
    old = await way(db, tenant, account, noon(day(30)))

    assert young.required_30.insufficient_data
    assert (young.required_30.numerator, young.required_30.denominator) == (0, 1)
    assert old.required_30.value == 0
    on_time = await way(db, tenant, account, noon(day(9)))
    late = await way(db, tenant, account, noon(day(10)))
    assert (on_time.overdue.value, late.overdue.value) == (0, 1)


async def test_u10_nothing_to_do_or_no_contract_is_insufficient_data(
    db: Database, tenant: UUID
) -> None:
    account, caller = await an_account(db, tenant), caller_in(tenant)
    await contract(db, tenant, account, START)
    free = await way(db, tenant, account)
    assert free.required_30.insufficient_data
    assert free.progress.insufficient_data

    await milestone(db, caller, "a", dueDay=10)
    stranger = await way(db, tenant, await an_account(db, tenant))

    assert stranger.required_30.insufficient_data
    assert stranger.overdue.insufficient_data
    assert stranger.time_to_value.insufficient_data


async def test_u9_progress_weighs_the_required_milestones(db: Database, tenant: UUID) -> None:
    account, caller = await an_account(db, tenant), caller_in(tenant)
    await milestone(db, caller, "a", weight=3)
    await milestone(db, caller, "b")
    await milestone(db, caller, "extra", required=False, weight=9)
    await load(db, caller, used(account, "ann", [day(1)], feature="a"))

    progress = (await way(db, tenant, account)).progress

    assert (progress.numerator, progress.denominator, progress.value, progress.n) == (3, 4, 0.75, 2)


async def test_u10_a_milestone_is_reached_when_k_members_used_every_feature(
    db: Database, tenant: UUID
) -> None:
    account, caller = await an_account(db, tenant), caller_in(tenant)
    await milestone(db, caller, "pair", features=["x", "y"], kUsers=2)
    await milestone(db, caller, "set-up", features=["z"], kUsers=0)
    await milestone(db, caller, "named", features=["z"], kUsers=1)
    await load(
        db,
        caller,
        [
            *used(account, "ann", [day(1), day(9)], feature="x"),
            *used(account, "ann", [day(4)], feature="y"),
            *used(account, "bob", [day(2)], feature="y"),
            *used(account, "cy", [day(3)], feature="x"),
            *used(account, "cy", [day(7)], feature="y"),
            event(account, feature="z", occurredAt=noon(day(5)), recordedAt=noon(day(5))),
        ],
    )

    steps = {s.milestone.key: s.reached_on for s in (await way(db, tenant, account)).steps}

    assert steps == {"pair": day(7), "set-up": day(5), "named": None}


@pytest.mark.parametrize(
    ("after", "change", "dropped"), [(2, 1.0, False), (0.75, -0.25, False), (0.5, -0.5, True)]
)
async def test_u7_change_after_a_feature_set(
    db: Database, tenant: UUID, after: float, change: float, dropped: bool
) -> None:
    account, caller = await an_account(db, tenant), caller_in(tenant)
    await milestone(db, caller, "f")
    many = daily(101, 129) * 2
    await load(
        db,
        caller,
        [
            *used(account, "ann", [day(50)]),  # known since long
            *used(account, "ann", daily(72, 100)),  # 28 days before
            *used(account, "ann", [day(71), day(129)]),  # just outside
            *used(account, "ann", [day(100)] * 9),  # the day itself is on neither side
            *used(account, "ann", [day(100)], feature="f"),
            *used(account, "bob", many[: int(28 * after)]),
        ],
    )

    (step,) = (await way(db, tenant, account)).steps

    assert step.change_after.value == pytest.approx(change)
    assert (step.change_after.denominator, step.dropped) == (28, dropped)
    assert step.change_after.window_from == datetime(2026, 3, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "as_of"),
    [(73, 200), (72, 128), (100, 200)],
    ids=["28 days not there before", "28 days not over", "nothing before"],
)
async def test_u7_half_a_window_is_insufficient_data(
    db: Database, tenant: UUID, first: int, as_of: int
) -> None:
    account, caller = await an_account(db, tenant), caller_in(tenant)
    await milestone(db, caller, "f")
    await load(db, caller, used(account, "ann", daily(first, 100)))
    await load(db, caller, used(account, "ann", [day(100)], feature="f"))

    (step,) = (await way(db, tenant, account, noon(day(as_of)))).steps

    assert step.reached_on == day(100)
    assert step.change_after.insufficient_data
    assert not step.dropped


async def test_u7_u10_u11_what_is_recorded_later_never_changes_an_old_answer(
    db: Database, tenant: UUID
) -> None:
    account, caller = await an_account(db, tenant), caller_in(tenant)
    await milestone(db, caller, "f", isValue=True, dueDay=30)
    await contract(db, tenant, account, START)
    await load(db, caller, used(account, "ann", daily(0, 130)))
    await load(db, caller, used(account, "ann", [day(90)], feature="f"))
    before = await way(db, tenant, account)
    assert before.time_to_value.value == 90

    late = AS_OF + timedelta(minutes=1)
    await load(db, caller, used(account, "bob", [day(3)], feature="f", recordedAt=late))
    await milestone(db, caller, "f", kUsers=2, recordedAt=late.isoformat())
    await contract(db, tenant, account, day(-400), recorded_at=late)

    assert await way(db, tenant, account) == before
    after = await way(db, tenant, account, AS_OF + timedelta(hours=1))
    assert after.steps[0].reached_on == day(90)
    assert after.started_on == day(-400)
    early = await way(db, tenant, account, AS_OF + timedelta(days=2))
    assert early.steps[0].reached_on == day(90)


async def test_u10_an_earlier_first_use_that_became_known_later_leaves_the_later_one_its_time(
    db: Database, tenant: UUID
) -> None:
    account, caller = await an_account(db, tenant), caller_in(tenant)
    await milestone(db, caller, "f")
    await load(db, caller, used(account, "ann", [day(5)], feature="f", recordedAt=noon(day(60))))
    await load(db, caller, used(account, "ann", [day(20)], feature="f"))

    assert (await way(db, tenant, account, noon(day(40)))).steps[0].reached_on == day(20)
    assert (await way(db, tenant, account, noon(day(70)))).steps[0].reached_on == day(5)


async def test_first_uses_are_few_however_many_days_come_at_once(
    db: Database, tenant: UUID, owner: Conn
) -> None:
    account, caller = await an_account(db, tenant), caller_in(tenant)
    rows = used(account, "ann", daily(0, 100))
    await load(db, caller, [*rows[50:], *used(account, "ann", [day(10)], recordedAt=noon(day(99)))])
    await load(db, caller, rows[:50])

    first_uses = await owner.fetch("SELECT day FROM usage.first_use ORDER BY day")

    assert [row["day"] for row in first_uses] == [day(0), day(10), day(50)]


async def cohort(db: Database, tenant: UUID, *reached: dict[str, int]) -> list[UUID]:
    """Accounts that started on the same day and used features on these days."""
    accounts: list[UUID] = []
    for days in reached:
        account = await an_account(db, tenant)
        await contract(db, tenant, account, START)
        for feature, number in days.items():
            rows = used(account, "ann", [day(number)], feature=feature)
            await load(db, caller_in(tenant), rows)
        accounts.append(account)
    return accounts


async def value(db: Database, tenant: UUID, as_of: datetime = AS_OF) -> TimeToValue:
    async with db.read(tenant) as conn:
        return await value_times(conn, None, None, as_of)


async def test_u11_time_to_value_counts_those_that_wait(db: Database, tenant: UUID) -> None:
    await milestone(db, caller_in(tenant), "v", isValue=True)
    *_, lost = await cohort(db, tenant, {"v": 10}, {"v": 20}, {"v": 40}, {}, {}, {})
    await contract(
        db, tenant, lost, START, outcome="lost", ended_on=day(15), contract_id=UUID(int=1)
    )
    await contract(db, tenant, lost, day(-1), recorded_at=noon(day(300)))  # not known yet

    times = await value(db, tenant)

    # 6 at risk: 5/6 after day 10; one lost on day 15; 4 at risk: 3/4 on day 20; 2/3 on day 40.
    assert times.by_30.value == pytest.approx(1 - 5 / 6 * 3 / 4)
    assert times.by_60.value == pytest.approx(1 - 5 / 6 * 3 / 4 * 2 / 3)
    assert times.median_days.value == 40
    assert times.median_days.n == 6
    young = await value(db, tenant, noon(day(35)))
    assert young.median_days.insufficient_data
    assert young.by_60.insufficient_data
    assert young.by_30.value == pytest.approx(1 - 5 / 6 * 3 / 4)


async def test_u11_nobody_and_no_value_milestone_is_insufficient_data(
    db: Database, tenant: UUID
) -> None:
    await cohort(db, tenant, {"v": 10})
    assert (await value(db, tenant)).median_days.insufficient_data

    await milestone(db, caller_in(tenant), "v", isValue=True)
    before = await value(db, tenant, noon(day(-3)))
    assert (before.median_days.insufficient_data, before.median_days.n) == (True, 0)
    assert before.by_30.insufficient_data


@pytest.mark.parametrize(
    ("followed", "median", "by_30"),
    [
        ([], None, None),
        ([(10, True)], 10, 1.0),
        ([(10, False)], None, None),
        ([(5, True), (5, False), (9, True)], 9, 1.0),  # censored on day 5: at risk on day 5
        ([(40, True), (40, False)], 40, 0.0),
        ([(5, True), (31, False), (31, False)], None, 1 / 3),
    ],
)
def test_u11_kaplan_meier(
    followed: list[tuple[int, bool]], median: float | None, by_30: float | None
) -> None:
    curve = kaplan_meier(Duration(days, happened) for days, happened in followed)

    assert curve.median() == median
    assert (curve.share_by(30) if curve.n else None) == pytest.approx(by_30)


@given(st.lists(st.integers(0, 60), min_size=1))
def test_u11_without_censoring_it_is_the_plain_share(days: list[int]) -> None:
    curve = kaplan_meier(Duration(number, happened=True) for number in days)

    for by in range(0, 61, 7):
        assert curve.share_by(by) == pytest.approx(sum(d <= by for d in days) / len(days))


async def steps(
    db: Database, tenant: UUID, since: date | None = None, until: date | None = None
) -> list[FunnelStep]:
    async with db.read(tenant) as conn:
        return await milestone_funnel(conn, since, until, AS_OF)


async def test_u18_the_funnel_shows_where_accounts_give_up(db: Database, tenant: UUID) -> None:
    for number, key in enumerate(("a", "b", "c")):
        await milestone(db, caller_in(tenant), key, order=number)
    await cohort(
        db, tenant,
        {"a": 1, "b": 5, "c": 9},
        {"a": 2, "b": 20},
        {"b": 3, "a": 8},  # the other way round: both are done on day 8
        {"a": 4},
        {"c": 1},  # a late step alone is no start
    )  # fmt: skip

    funnel = await steps(db, tenant)

    assert [s.accounts for s in funnel] == [4, 3, 1]
    assert [s.drop_off.value for s in funnel] == [1, 1, 2]
    assert [s.conversion.value for s in funnel] == pytest.approx([4 / 5, 3 / 4, 1 / 3])
    assert [s.reached.value for s in funnel] == pytest.approx([4 / 5, 3 / 5, 1 / 5])
    assert [s.days.value for s in funnel] == [3, 8, 9]

    nobody = await steps(db, tenant, day(1), day(9))
    assert all(s.conversion.insufficient_data and s.days.insufficient_data for s in nobody)
    everybody = await steps(db, tenant, START, day(1))
    assert [s.accounts for s in everybody] == [4, 3, 1]


async def test_u18_nobody_at_a_step_leaves_the_next_without_conversion(
    db: Database, tenant: UUID
) -> None:
    await milestone(db, caller_in(tenant), "a", order=1)
    await milestone(db, caller_in(tenant), "b", order=2)
    await cohort(db, tenant, {"b": 1})

    first, second = await steps(db, tenant)

    assert (first.conversion.value, second.conversion.insufficient_data) == (0, True)
    assert second.drop_off.value == 0

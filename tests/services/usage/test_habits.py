"""U9, U13 and U20: how often members do what a use case is about, and work done over and over."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from services.usage.actions.value_plan import MANUAL_RULES, USE_CASES
from services.usage.domain.habits import Habit, Zone
from services.usage.domain.repetition import Suggestion
from services.usage.store.habits import habits, segment_habits, suggestions
from services.usage.store.value_plan import use_cases
from shared.platform.db import Database
from shared.vocabulary.errors import InvalidInput
from tests.services.usage.examples import (
    YEARS_AGO,
    World,
    an_account,
    caller_in,
    load,
    noon,
    send_rows,
    use_case,
    used,
)

TODAY = date(2026, 6, 15)
AS_OF = datetime(2026, 6, 15, 9, tzinfo=UTC)


def ago(*days: int) -> list[date]:
    return [TODAY - timedelta(days=back) for back in days]


async def habits_of(
    db: Database, tenant: UUID, account: UUID, as_of: datetime = AS_OF
) -> list[Habit]:
    async with db.read(tenant) as conn:
        return (await habits(conn, [account], as_of))[account]


async def of_one(db: Database, tenant: UUID, account: UUID, as_of: datetime = AS_OF) -> Habit:
    (habit,) = await habits_of(db, tenant, account, as_of)
    return habit


async def test_u13_frequency_is_the_median_of_medians_and_most_users_decide(
    db: Database, tenant: UUID
) -> None:
    account, caller = await an_account(db, tenant), caller_in(tenant)
    await use_case(db, caller)
    await load(
        db,
        caller,
        [
            *used(account, "weekly", ago(1, 8, 15)),
            *used(account, "monthly", ago(1, 31, 61)),  # exactly 30 days: still a habit
            *used(account, "rare", ago(1, 32)),
            *used(account, "rarer", ago(20, 150)),
            *used(account, "once", ago(31)),  # and silent for 31 days since
            *used(account, "new", ago(3)),  # too short to judge
            *used(account, "gone", ago(181, 182, 183)),  # before the half year
            *used(account, "other", ago(1, 90), feature="export"),
            *used(account, "weekly", ago(0)),  # today is not over
        ],
    )

    habit = await of_one(db, tenant, account)

    assert (habit.frequency.value, habit.frequency.n) == (30.5, 4)  # 7, 30, 31, 130
    assert (habit.forgettable.numerator, habit.forgettable.denominator) == (3, 5)
    assert (habit.zone, habit.flagged) == (Zone.FORGETTABLE, True)


@pytest.mark.parametrize(("rare", "flagged"), [(3, False), (4, True)])
async def test_u13_half_of_the_users_are_not_most(
    db: Database, tenant: UUID, rare: int, flagged: bool
) -> None:
    account, caller = await an_account(db, tenant), caller_in(tenant)
    await use_case(db, caller)
    rows = [row for n in range(3) for row in used(account, f"often{n}", ago(1, 8))]
    rows += [row for n in range(rare) for row in used(account, f"rare{n}", ago(1, 41))]
    await load(db, caller, rows)

    assert (await of_one(db, tenant, account)).flagged is flagged


async def test_u13_what_comes_quarterly_by_nature_is_not_forgotten(
    db: Database, tenant: UUID
) -> None:
    account, caller = await an_account(db, tenant), caller_in(tenant)
    await use_case(db, caller, naturalFrequencyDays=91)
    await load(db, caller, [row for n in range(5) for row in used(account, f"m{n}", ago(2, 93))])

    habit = await of_one(db, tenant, account)

    assert (habit.zone, habit.flagged, habit.forgettable.value) == (Zone.RARE, False, 0)
    assert habit.frequency.value == 91


async def test_u13_four_users_are_too_few_to_say(db: Database, tenant: UUID) -> None:
    account, caller = await an_account(db, tenant), caller_in(tenant)
    await use_case(db, caller)
    await load(db, caller, [row for n in range(4) for row in used(account, f"m{n}", ago(2, 93))])

    habit = await of_one(db, tenant, account)

    assert habit.forgettable.insufficient_data
    assert (habit.forgettable.numerator, habit.forgettable.denominator) == (4, 4)
    assert (habit.zone, habit.flagged) == (Zone.UNKNOWN, False)


async def test_u13_frequency_is_told_for_each_persona(db: Database, tenant: UUID) -> None:
    account, caller = await an_account(db, tenant), caller_in(tenant)
    await use_case(db, caller)
    world = World(db, tenant, account)
    often, seldom = [f"o{n}" for n in range(5)], [f"s{n}" for n in range(4)]
    await world.members(*often, role="analyst")
    await world.members(*seldom, "s4", role="boss")
    await world.members("s4", role="analyst", recorded=AS_OF + timedelta(hours=1))  # known later
    rows = [row for name in often for row in used(account, name, ago(1, 8, 15))]
    rows += [row for name in [*seldom, "s4"] for row in used(account, name, ago(2, 62))]
    rows += used(account, "stranger", ago(1, 12))
    await load(db, caller, rows)

    habit = await of_one(db, tenant, account)

    personas = {each.role: each for each in habit.personas}
    assert list(personas) == ["analyst", "boss", None]
    assert [each.frequency.value for each in personas.values()] == [7, 60, 11]
    assert [each.frequency.n for each in personas.values()] == [5, 5, 1]
    assert (personas["analyst"].forgettable.value, personas["analyst"].flagged) == (0, False)
    assert (personas["boss"].forgettable.value, personas["boss"].flagged) == (1, True)
    assert (personas[None].forgettable.insufficient_data, personas[None].flagged) == (True, False)
    assert (habit.forgettable.numerator, habit.forgettable.denominator) == (5, 11)
    assert not habit.flagged  # as a whole the account is well; its bosses are not


async def test_u13_frequency_per_segment_takes_the_members_of_its_accounts_together(
    db: Database, tenant: UUID
) -> None:
    first, second, other = [await an_account(db, tenant) for _ in range(3)]
    caller = caller_in(tenant)
    async with db.read(tenant) as conn:
        assert await segment_habits(conn, [first], AS_OF) == []
    await use_case(db, caller)
    rows = [row for n in range(3) for row in used(first, f"m{n}", ago(1, 11))]
    rows += [row for n in range(2) for row in used(second, f"m{n}", ago(1, 41))]
    rows += [row for n in range(9) for row in used(other, f"m{n}", ago(1, 2))]
    await load(db, caller, rows)

    async with db.read(tenant) as conn:
        (segment,) = await segment_habits(conn, [first, second, second], AS_OF)
        (nobody,) = await segment_habits(conn, [], AS_OF)
        with pytest.raises(InvalidInput):
            await segment_habits(conn, [first] * 1_001, AS_OF)

    assert (segment.frequency.value, segment.frequency.n) == (10, 5)
    assert (segment.forgettable.value, segment.forgettable.n) == (0.4, 5)
    assert (segment.habit.numerator, segment.habit.denominator) == (0, 5)
    for metric in (nobody.frequency, nobody.forgettable, nobody.habit):
        assert metric.insufficient_data


async def test_u9_habit_is_three_of_the_last_four_natural_periods(
    db: Database, tenant: UUID
) -> None:
    account, caller = await an_account(db, tenant), caller_in(tenant)
    await use_case(db, caller)  # every 7 days
    await load(
        db,
        caller,
        [
            *used(account, "four", ago(1, 8, 15, 22)),
            *used(account, "three", ago(7, 14, 28)),  # the last days of their periods
            *used(account, "two", ago(1, 2, 3, 4, 5, 6, 7, 8)),
            *used(account, "late", ago(0, 8, 29)),  # one today, one before the four periods
            *used(account, "browser", ago(1, 8, 15, 22), feature="export"),
        ],
    )

    habit = (await of_one(db, tenant, account)).habit

    assert (habit.numerator, habit.denominator, habit.value) == (2, 5, 0.4)
    assert habit.window_from == datetime(2026, 5, 18, tzinfo=UTC)
    assert habit.window_to == datetime(2026, 6, 15, tzinfo=UTC)


async def test_u9_u13_no_use_at_all_is_insufficient_data(db: Database, tenant: UUID) -> None:
    account, caller = await an_account(db, tenant), caller_in(tenant)
    assert await habits_of(db, tenant, account) == []
    await use_case(db, caller)

    habit = await of_one(db, tenant, account)

    for metric in (habit.habit, habit.frequency, habit.forgettable):
        assert metric.insufficient_data
        assert metric.n == 0


async def test_u12_use_cases_are_versioned_and_old_answers_stand(
    db: Database, tenant: UUID
) -> None:
    account, caller = await an_account(db, tenant), caller_in(tenant)
    await use_case(db, caller)
    await load(db, caller, [row for n in range(5) for row in used(account, f"m{n}", ago(2, 42))])
    before = await habits_of(db, tenant, account)
    (again,) = await send_rows(
        db, caller, USE_CASES,
        {
            "key": "report", "job": "Report", "coreAction": "reports", "naturalFrequencyDays": 7,
            "recordedAt": YEARS_AGO,
        },
    )  # fmt: skip
    assert again.status == "duplicate"

    await use_case(db, caller, naturalFrequencyDays=60, recordedAt=AS_OF + timedelta(hours=1))
    await load(
        db, caller, used(account, "m0", ago(10, 11, 12), recordedAt=AS_OF + timedelta(hours=1))
    )

    assert await habits_of(db, tenant, account) == before
    assert before[0].flagged
    values = {
        "persona": "analyst", "problem": "slow", "advantage": "at once", "alternative": "by hand",
    }  # fmt: skip
    await use_case(
        db, caller, naturalFrequencyDays=60, recordedAt=AS_OF + timedelta(minutes=90), **values
    )
    now = await of_one(db, tenant, account, AS_OF + timedelta(hours=2))
    assert {name: getattr(now.use_case, name) for name in values} == values
    assert (now.use_case.job, now.use_case.core_action) == ("Report", "reports")
    assert (now.flagged, now.use_case.natural_frequency_days) == (False, 60)

    await use_case(db, caller, retired=True, recordedAt=AS_OF + timedelta(hours=3))
    assert await habits_of(db, tenant, account, AS_OF + timedelta(hours=4)) == []
    async with db.read(tenant) as conn:
        assert [case.job for case in await use_cases(conn, AS_OF)] == ["Report"]


async def met(
    db: Database, tenant: UUID, account: UUID, as_of: datetime = AS_OF
) -> list[Suggestion]:
    async with db.read(tenant) as conn:
        return (await suggestions(conn, [account], as_of))[account]


@pytest.mark.parametrize(
    ("within", "expected"),
    [
        ("day", [("ann", date(2026, 6, 9), 3, 1)]),
        ("week", [("ann", date(2026, 6, 8), 4, 2)]),  # a Monday
    ],
)
async def test_u20_manual_work_repeated_suggests_what_does_it(
    db: Database, tenant: UUID, within: str, expected: list[tuple[str, date, int, int]]
) -> None:
    account, caller = await an_account(db, tenant), caller_in(tenant)
    rule = {"key": "r", "feature": "copy", "atLeast": 3, "within": within, "suggests": "Sync"}
    await send_rows(db, caller, MANUAL_RULES, {"recordedAt": YEARS_AGO, **rule})
    assert await met(db, tenant, account) == []  # nobody works: nothing to suggest
    tuesday, sunday, monday = date(2026, 6, 9), date(2026, 6, 14), date(2026, 6, 8)
    await load(
        db,
        caller,
        [
            *used(account, "ann", [tuesday] * 3, feature="copy"),
            *used(account, "ann", [sunday], feature="copy"),
            *used(account, "bob", [monday, tuesday, sunday], feature="copy"),
            *used(account, "cy", [sunday, sunday, TODAY], feature="copy"),  # two, and today
            *used(account, "dan", ago(29, 29, 29), feature="copy"),  # before the 28 days
            *used(account, "eve", [tuesday] * 3, feature="reports"),
            *used(account, "fay", [tuesday] * 3, feature="copy", recordedAt=noon(TODAY)),
        ],
    )

    suggestions = await met(db, tenant, account)

    assert [(s.member, s.period_on, s.events, s.members.value) for s in suggestions] == expected
    assert suggestions[0].rule.suggests == "Sync"

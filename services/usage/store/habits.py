"""Habits, and work done by hand over and over."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from services.usage.domain.clock import Clock
from services.usage.domain.habits import Doer, Habit, habit
from services.usage.domain.repetition import RuleCounts, Suggestion, suggestion
from services.usage.domain.value_plan import UseCase
from services.usage.store.clock import clock
from services.usage.store.value_plan import manual_rules, use_cases
from shared.platform.db import Conn, to
from shared.vocabulary.errors import InvalidInput

HABITS = (Path(__file__).parent / "habits.sql").read_text()
MANUAL_WORK = (Path(__file__).parent / "manual_work.sql").read_text()
FREQUENCY_DAYS = 180
MAX_SEGMENT = 1_000


@dataclass(frozen=True, slots=True)
class HabitCounts:
    """What members of some accounts did for each use case, and how many were active."""

    clock: Clock
    cases: Sequence[UseCase]
    doers: Mapping[tuple[UUID, str], list[Doer]]
    active: Mapping[UUID, int]

    def of(self, case: UseCase, *account_ids: UUID) -> Habit:
        """The habit of all these accounts' members taken together."""
        doers = [doer for key in account_ids for doer in self.doers.get((key, case.key), [])]
        return habit(case, doers, sum(self.active.get(key, 0) for key in account_ids), self.clock)


async def habits(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, list[Habit]]:
    """U9 and U13 of each account, one a use case in force; accounts that never acted too."""
    counts = await _counts(conn, account_ids, as_of)
    return {key: [counts.of(case, key) for case in counts.cases] for key in account_ids}


async def segment_habits(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> list[Habit]:
    """U9 and U13 of all members of a set of accounts, one a use case in force."""
    if len(account_ids) > MAX_SEGMENT:
        raise InvalidInput("accountIds", str(len(account_ids)), f"at most {MAX_SEGMENT} accounts")
    counts = await _counts(conn, account_ids, as_of)
    return [counts.of(case, *set(account_ids)) for case in counts.cases]


async def _counts(conn: Conn, account_ids: list[UUID], as_of: datetime | None) -> HabitCounts:
    now = await clock(conn, as_of)
    cases = await use_cases(conn, now.as_of)
    if not cases:
        return HabitCounts(now, [], {}, {})
    roles = await _roles(conn, account_ids, now)
    rows = await conn.fetch(
        HABITS,
        list(set(account_ids)),
        now.as_of,
        [case.key for case in cases],
        [case.core_action for case in cases],
        [case.natural_frequency_days for case in cases],
        max(FREQUENCY_DAYS, *(4 * case.natural_frequency_days for case in cases)),
    )
    active = {row["account_id"]: set(row["active"]) for row in rows if row["use_case"] is None}
    nobody = set[str]()
    doers: dict[tuple[UUID, str], list[Doer]] = defaultdict(list)
    for row in rows:
        if row["use_case"] is not None:
            doer = to(
                Doer,
                row,
                is_active=row["member"] in active.get(row["account_id"], nobody),
                role=roles.get((row["account_id"], row["member"])),
            )
            doers[doer.account_id, doer.use_case].append(doer)
    return HabitCounts(now, cases, doers, {key: len(members) for key, members in active.items()})


async def _roles(
    conn: Conn, account_ids: list[UUID], now: Clock
) -> dict[tuple[UUID, str], str | None]:
    rows = await conn.fetch(
        "SELECT account_id, member_id::text AS member, role FROM usage.members_at($1, $2)",
        account_ids,
        now.as_of,
    )
    return {(row["account_id"], row["member"]): row["role"] for row in rows}


async def suggestions(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, list[Suggestion]]:
    """U20 of each account: rules that its members' work of 28 days meets."""
    now = await clock(conn, as_of)
    rules = {rule.key: rule for rule in await manual_rules(conn, now.as_of)}
    by_account: dict[UUID, list[Suggestion]] = {key: [] for key in account_ids}
    if not rules:
        return by_account
    rows = await conn.fetch(
        MANUAL_WORK,
        list(set(account_ids)),
        now.as_of,
        list(rules),
        [rule.feature for rule in rules.values()],
        [rule.at_least for rule in rules.values()],
        [rule.within for rule in rules.values()],
    )
    for row in rows:
        counts = to(RuleCounts, row)
        by_account[counts.account_id].append(suggestion(rules[counts.rule], counts, now))
    return by_account

"""Habits, and work done by hand over and over."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from services.usage.domain.clock import Clock
from services.usage.domain.habits import Doer, Habit, habit
from services.usage.domain.repetition import Repeated, Suggestion, suggestion
from services.usage.domain.value_plan import UseCase
from services.usage.store.clock import clock
from services.usage.store.value_plan import manual_rules, use_cases
from shared.platform.db import Conn, to
from shared.vocabulary.errors import InvalidInput

HABITS = (Path(__file__).parent / "habits.sql").read_text()
REPEATED = (Path(__file__).parent / "repeated.sql").read_text()
JUDGED_DAYS = 180
SEGMENT_MOST = 1_000


@dataclass(frozen=True, slots=True)
class _Done:
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
    done = await _done(conn, account_ids, as_of)
    return {key: [done.of(case, key) for case in done.cases] for key in account_ids}


async def segment_habits(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> list[Habit]:
    """U9 and U13 of all members of a set of accounts, one a use case in force."""
    if len(account_ids) > SEGMENT_MOST:
        raise InvalidInput("accountIds", str(len(account_ids)), f"at most {SEGMENT_MOST} accounts")
    done = await _done(conn, account_ids, as_of)
    return [done.of(case, *set(account_ids)) for case in done.cases]


async def _done(conn: Conn, account_ids: list[UUID], as_of: datetime | None) -> _Done:
    now = await clock(conn, as_of)
    cases = await use_cases(conn, now.as_of)
    if not cases:
        return _Done(now, [], {}, {})
    roles = await _roles(conn, account_ids, now)
    rows = await conn.fetch(
        HABITS,
        list(set(account_ids)),
        now.as_of,
        [case.key for case in cases],
        [case.core_action for case in cases],
        [case.natural_frequency_days for case in cases],
        max(JUDGED_DAYS, *(4 * case.natural_frequency_days for case in cases)),
    )
    active = {row["account_id"]: set(row["active"]) for row in rows if row["use_case"] is None}
    nobody = set[str]()
    doers: dict[tuple[UUID, str], list[Doer]] = defaultdict(list)
    for row in rows:
        if row["use_case"] is not None:
            own = {
                "is_active": row["member"] in active.get(row["account_id"], nobody),
                "role": roles.get((row["account_id"], row["member"])),
            }
            doer = msgspec.convert({**row, **own}, Doer)
            doers[row["account_id"], row["use_case"]].append(doer)
    return _Done(now, cases, doers, {key: len(members) for key, members in active.items()})


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
    found: dict[UUID, list[Suggestion]] = {key: [] for key in account_ids}
    if not rules:
        return found
    rows = await conn.fetch(
        REPEATED,
        list(set(account_ids)),
        now.as_of,
        list(rules),
        [rule.feature for rule in rules.values()],
        [rule.at_least for rule in rules.values()],
        [rule.within for rule in rules.values()],
    )
    for row in rows:
        found[row["account_id"]].append(suggestion(rules[row["rule"]], to(Repeated, row), now))
    return found

"""Habits, and work done by hand over and over."""

from collections import defaultdict
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from services.usage.domain.habits import Doer, Habit, habit
from services.usage.domain.repetition import Repeated, Suggestion, suggestion
from services.usage.store.clock import clock
from services.usage.store.plans import manual_rules, use_cases
from shared.db import Conn, to

HABITS = (Path(__file__).parent.parent / "habits.sql").read_text()
REPEATED = (Path(__file__).parent.parent / "repeated.sql").read_text()
JUDGED_DAYS = 180


async def habits(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, list[Habit]]:
    """U9 and U13 of each account, one a use case in force; accounts that never acted too."""
    now = await clock(conn, as_of)
    cases = await use_cases(conn, now.as_of)
    if not cases:
        return {key: [] for key in account_ids}
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
            is_active = row["member"] in active.get(row["account_id"], nobody)
            doer = msgspec.convert({**row, "is_active": is_active}, Doer)
            doers[row["account_id"], row["use_case"]].append(doer)
    return {
        key: [
            habit(case, doers[key, case.key], len(active.get(key, nobody)), now) for case in cases
        ]
        for key in account_ids
    }


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

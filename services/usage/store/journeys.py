"""Milestones reached, time to value, the funnel."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from services.usage.domain.association import Association, Cell, associations
from services.usage.domain.clock import Clock
from services.usage.domain.journeys import (
    EventsAround,
    FunnelStep,
    Journey,
    JourneyCounts,
    MilestoneDay,
    Start,
    TimeToValue,
    funnel,
    time_to_value,
    value_milestone,
)
from services.usage.domain.value_plan import Milestone
from services.usage.store.clock import clock
from services.usage.store.value_plan import milestones
from shared.platform.db import Conn, to

MILESTONE_DAYS = (Path(__file__).parent / "milestone_days.sql").read_text()
ASSOCIATIONS = (Path(__file__).parent / "associations.sql").read_text()
AFTER_SET = (Path(__file__).parent / "after_set.sql").read_text()
# Lost is who lost the contract that began last.
STARTS = """
SELECT t.account_id, min(t.start_on) AS start_on,
  (array_agg(CASE WHEN t.outcome = 'lost' THEN coalesce(t.ended_on, t.end_on) END
             ORDER BY t.start_on DESC, t.contract_id))[1] AS lost_on
FROM usage.terms_at($1, $2) AS t
JOIN usage.customers($1, $2) AS c(account_id) USING (account_id)
WHERE t.start_on <= $3
GROUP BY t.account_id
HAVING min(t.start_on) >= coalesce($4::date, '-infinity')
  AND min(t.start_on) < coalesce($5::date, 'infinity')
"""


async def journeys(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, Journey]:
    """Where each account stands on its way; those without contract or use too."""
    now = await clock(conn, as_of)
    steps = await milestones(conn, now.as_of)
    starts = {start.account_id: start for start in await _starts(conn, account_ids, now)}
    reached = await _milestone_days(conn, account_ids, steps, now)
    around = await _around(conn, reached, now)
    return {
        key: JourneyCounts(
            account_id=key,
            start_on=starts[key].start_on if key in starts else None,
            reached=reached[key],
            around=around[key],
            clock=now,
        ).journey(steps)
        for key in account_ids
    }


async def value_times(
    conn: Conn,
    started_from: date | None = None,
    started_to: date | None = None,
    as_of: datetime | None = None,
) -> TimeToValue:
    """U11 over all accounts whose first contract started within these days."""
    now = await clock(conn, as_of)
    value = value_milestone(await milestones(conn, now.as_of))
    if value is None:
        return time_to_value([], {}, now)
    accounts = await _everyone(conn)
    starts = await _starts(conn, accounts, now, started_from, started_to)
    reached = await _milestone_days(conn, [start.account_id for start in starts], [value], now)
    firsts = {key: days[value.key] for key, days in reached.items() if value.key in days}
    return time_to_value(starts, firsts, now)


async def milestone_funnel(
    conn: Conn,
    started_from: date | None = None,
    started_to: date | None = None,
    as_of: datetime | None = None,
) -> list[FunnelStep]:
    """U18 over all accounts whose first contract started within these days."""
    now = await clock(conn, as_of)
    steps = await milestones(conn, now.as_of)
    starts = await _starts(conn, await _everyone(conn), now, started_from, started_to)
    reached = await _milestone_days(conn, [start.account_id for start in starts], steps, now)
    return funnel(steps, starts, reached, now)


async def renewal_associations(conn: Conn, as_of: datetime | None = None) -> list[Association]:
    """U21 over all accounts, a feature each."""
    now = await clock(conn, as_of)
    rows = await conn.fetch(ASSOCIATIONS, await _everyone(conn), now.as_of)
    return associations([to(Cell, row) for row in rows], now)


async def _everyone(conn: Conn) -> list[UUID]:
    rows = await conn.fetch("SELECT DISTINCT account_id FROM usage.term")
    return [row["account_id"] for row in rows]


async def _starts(
    conn: Conn,
    account_ids: list[UUID],
    now: Clock,
    since: date | None = None,
    until: date | None = None,
) -> list[Start]:
    rows = await conn.fetch(STARTS, account_ids, now.as_of, now.today, since, until)
    return [to(Start, row) for row in rows]


async def _milestone_days(
    conn: Conn, account_ids: list[UUID], steps: Sequence[Milestone], now: Clock
) -> dict[UUID, dict[str, MilestoneDay]]:
    days: dict[UUID, dict[str, MilestoneDay]] = defaultdict(dict)
    parts = [(step, feature) for step in steps for feature in sorted(set(step.features))]
    rows = await conn.fetch(
        MILESTONE_DAYS,
        account_ids,
        now.as_of,
        [step.key for step, _ in parts],
        [feature for _, feature in parts],
        [step.k_users for step, _ in parts],
        [len(set(step.features)) for step, _ in parts],
    )
    for row in rows:
        days[row["account_id"]][row["key"]] = to(MilestoneDay, row)
    return days


async def _around(
    conn: Conn, reached: dict[UUID, dict[str, MilestoneDay]], now: Clock
) -> dict[UUID, dict[str, EventsAround]]:
    around: dict[UUID, dict[str, EventsAround]] = defaultdict(dict)
    days = [day for by_key in reached.values() for day in by_key.values()]
    rows = await conn.fetch(
        AFTER_SET,
        now.as_of,
        [day.account_id for day in days],
        [day.key for day in days],
        [day.reached_on for day in days],
    )
    for row in rows:
        around[row["account_id"]][row["key"]] = to(EventsAround, row)
    return around

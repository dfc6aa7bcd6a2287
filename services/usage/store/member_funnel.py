"""The funnel of members over all accounts."""

from datetime import date, datetime
from pathlib import Path

from services.usage.domain.member_funnel import (
    MemberFunnelStep,
    StepCounts,
    member_funnel,
    own_steps,
)
from services.usage.store.clock import clock
from services.usage.store.value_plan import milestones
from shared.platform.db import Conn, to

MEMBER_FUNNEL = (Path(__file__).parent / "member_funnel.sql").read_text()


async def funnel_of_members(
    conn: Conn,
    started_from: date | None = None,
    started_to: date | None = None,
    as_of: datetime | None = None,
) -> list[MemberFunnelStep]:
    """U18 over all members who started within these days."""
    now = await clock(conn, as_of)
    steps = own_steps(await milestones(conn, now.as_of))
    parts = [(n, f) for n, step in enumerate(steps, 1) for f in sorted(set(step.features))]
    accounts = await conn.fetch("SELECT account_id FROM usage.known_account")
    rows = await conn.fetch(
        MEMBER_FUNNEL,
        [row["account_id"] for row in accounts],
        now.as_of,
        [step.key for step in steps],
        [place for place, _ in parts],
        [feature for _, feature in parts],
        started_from,
        started_to,
    )
    return member_funnel(steps, [to(StepCounts, row) for row in rows], now)

"""Sessions and the time spent in them."""

from datetime import datetime
from pathlib import Path
from uuid import UUID

from services.usage.domain.sessions import Session, SessionCounts, TimeSpent, sessions
from services.usage.store.clock import clock
from shared.platform.db import Conn, to

TIME_SPENT = (Path(__file__).parent / "time_spent.sql").read_text()


async def time_spent(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, TimeSpent]:
    """U8 of each account, over 28 whole days."""
    now = await clock(conn, as_of)
    rows = await conn.fetch(TIME_SPENT, account_ids, now.as_of, now.back(28), now.back(0))
    return {row["account_id"]: to(SessionCounts, row).per_user(now) for row in rows}


async def member_sessions(
    conn: Conn, account_id: UUID, member: str, as_of: datetime | None = None
) -> list[Session]:
    """A member's sessions of the last 28 days up to the moment, oldest first."""
    now = await clock(conn, as_of)
    rows = await conn.fetch(
        "SELECT occurred_at FROM usage.raw_use(ARRAY[$1::uuid], $2, $3, $3)"
        " WHERE member = coalesce("
        "(SELECT n.member FROM usage.names_of($1, $3) AS n WHERE n.name = $4), $4)",
        account_id,
        now.since_28,
        now.as_of,
        member,
    )
    return sessions(row["occurred_at"] for row in rows)

"""Use cases, milestones and rules of manual work, as known at a moment."""

from datetime import datetime

from services.usage.domain.value_plan import ManualRule, Milestone, UseCase
from shared.platform.db import Conn, to


async def use_cases(conn: Conn, as_of: datetime | None = None) -> list[UseCase]:
    """The use cases in force, as known at the moment or now, by key."""
    rows = await conn.fetch(
        "SELECT * FROM (SELECT DISTINCT ON (key) * FROM usage.use_case"
        " WHERE recorded_at <= coalesce($1, now()) ORDER BY key, recorded_at DESC) AS newest"
        " WHERE NOT retired ORDER BY key",
        as_of,
    )
    return [to(UseCase, row) for row in rows]


async def milestones(conn: Conn, as_of: datetime | None = None) -> list[Milestone]:
    """The milestones in force, as known at the moment or now, in their order."""
    rows = await conn.fetch(
        "SELECT * FROM (SELECT DISTINCT ON (key) * FROM usage.milestone"
        " WHERE recorded_at <= coalesce($1, now()) ORDER BY key, recorded_at DESC) AS newest"
        " WHERE NOT retired ORDER BY place, key",
        as_of,
    )
    return [to(Milestone, row) for row in rows]


async def manual_rules(conn: Conn, as_of: datetime | None = None) -> list[ManualRule]:
    """The rules of manual work in force, as known at the moment or now, by key."""
    rows = await conn.fetch(
        "SELECT * FROM (SELECT DISTINCT ON (key) * FROM usage.manual_rule"
        " WHERE recorded_at <= coalesce($1, now()) ORDER BY key, recorded_at DESC) AS newest"
        " WHERE NOT retired ORDER BY key",
        as_of,
    )
    return [to(ManualRule, row) for row in rows]

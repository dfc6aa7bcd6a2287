"""Use cases, milestones and rules of manual work, as known at a moment."""

from datetime import datetime
from operator import attrgetter
from typing import Any, TypeVar

from services.usage.domain.value_plan import ManualRule, Milestone, UseCase
from services.usage.store import tables
from shared.intake.versioned import Versioned
from shared.platform.db import Conn, to

T = TypeVar("T")
IN_FORCE = """
SELECT * FROM (
  SELECT DISTINCT ON (KEY) * FROM RELATION
  WHERE recorded_at <= coalesce($1, now()) ORDER BY KEY, recorded_at DESC
) AS newest
WHERE NOT retired ORDER BY KEY"""


async def use_cases(conn: Conn, as_of: datetime | None = None) -> list[UseCase]:
    """The use cases in force, as known at the moment or now, by key."""
    return await _in_force(conn, tables.USE_CASE, UseCase, as_of)


async def milestones(conn: Conn, as_of: datetime | None = None) -> list[Milestone]:
    """The milestones in force, as known at the moment or now, in their order."""
    rows = await _in_force(conn, tables.MILESTONE, Milestone, as_of)
    return sorted(rows, key=attrgetter("place"))


async def manual_rules(conn: Conn, as_of: datetime | None = None) -> list[ManualRule]:
    """The rules of manual work in force, as known at the moment or now, by key."""
    return await _in_force(conn, tables.MANUAL_RULE, ManualRule, as_of)


async def _in_force(
    conn: Conn, table: Versioned[Any], kind: type[T], as_of: datetime | None
) -> list[T]:
    return [to(kind, row) for row in await conn.fetch(table.sql(IN_FORCE), as_of)]

"""Stickiness over 28 or 30 days."""

from datetime import datetime
from pathlib import Path
from uuid import UUID

from services.usage.domain.stickiness import DEFINED, Stickiness, Visits
from services.usage.store.clock import clock
from shared.platform.db import Conn, to
from shared.vocabulary.errors import InvalidInput

STICKINESS = (Path(__file__).parent / "stickiness.sql").read_text()


async def stickiness(
    conn: Conn, account_ids: list[UUID], days: int = 28, as_of: datetime | None = None
) -> dict[UUID, Stickiness]:
    """U14 of each account over so many whole days."""
    if days not in DEFINED:
        raise InvalidInput("days", str(days), "28 or 30")
    now = await clock(conn, as_of)
    rows = await conn.fetch(STICKINESS, account_ids, as_of and now.as_of, days)
    return {row["account_id"]: to(Visits, row).stickiness() for row in rows}

"""What is asked of usage as a whole: summaries, the model's inputs, pending events."""

from datetime import datetime
from pathlib import Path
from uuid import UUID

from services.usage.domain.events import Waiting
from services.usage.domain.summary import Counts, UsageSummary
from shared.platform.db import Conn, to
from shared.vocabulary import paging
from shared.vocabulary.errors import InvalidInput
from shared.vocabulary.paging import Page

SUMMARY = (Path(__file__).parent / "summary.sql").read_text()


async def summary(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, UsageSummary]:
    """How each account uses the product, as known at `as_of` or now; those without events too."""
    if as_of is not None and as_of.tzinfo is None:
        raise InvalidInput("asOf", as_of.isoformat(), "a moment with a time zone")
    rows = await conn.fetch(SUMMARY, list(set(account_ids)), as_of)
    return {row["account_id"]: to(Counts, row).summary() for row in rows}


async def pending(conn: Conn, first: int = 25, after: str | None = None) -> Page[Waiting]:
    """Events whose account is not known here yet, oldest first."""
    most = paging.size(first)
    place = paging.key(after, datetime, bytes) if after else (None, None)
    rows = await conn.fetch(
        "SELECT key, event_id, account_id, external_source, external_id, feature, occurred_at,"
        " received_at FROM usage.pending_event"
        " WHERE $1::timestamptz IS NULL OR (received_at, key) > ($1, $2::bytea)"
        " ORDER BY received_at, key LIMIT $3",
        *place,
        most + 1,
    )
    cursors = [paging.cursor(row["received_at"], row["key"]) for row in rows]
    return paging.page([to(Waiting, row) for row in rows], most, cursors)

"""What is asked of usage as a whole: summaries, the model's inputs, pending events."""

from datetime import datetime
from pathlib import Path
from uuid import UUID

from services.usage.domain.events import PendingEvent
from services.usage.domain.summary import Counts, UsageSummary
from services.usage.store.clock import check_zone
from shared.platform.db import Conn, to
from shared.vocabulary import paging
from shared.vocabulary.paging import Page

SUMMARY = (Path(__file__).parent / "summary.sql").read_text()


async def summary(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, UsageSummary]:
    """How each account uses the product, as known at `as_of` or now; those without events too."""
    check_zone(as_of)
    rows = await conn.fetch(SUMMARY, list(set(account_ids)), as_of)
    return {row["account_id"]: to(Counts, row).summary() for row in rows}


async def pending(conn: Conn, first: int = 25, after: str | None = None) -> Page[PendingEvent]:
    """Events whose account is not known here yet, oldest first."""
    window = paging.window(first, after, datetime, bytes)
    rows = await conn.fetch(
        "SELECT key, event_id, account_id, external_source, external_id, feature, occurred_at,"
        " received_at FROM usage.pending_event"
        " WHERE $1::timestamptz IS NULL OR (received_at, key) > ($1, $2::bytea)"
        " ORDER BY received_at, key LIMIT $3",
        *window.bounds,
    )
    cursors = [paging.cursor(row["received_at"], row["key"]) for row in rows]
    return paging.page([to(PendingEvent, row) for row in rows], window.size, cursors)

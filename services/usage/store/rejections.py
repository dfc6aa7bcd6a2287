"""Rows that were turned away: kept, listed, forgotten."""

from collections.abc import Sequence
from dataclasses import astuple
from datetime import datetime
from operator import attrgetter

from services.usage.domain.rejections import KEEP_FOR, MAX_KEPT, RejectedEvent, Rejection
from shared.platform.db import Conn, to
from shared.vocabulary import paging
from shared.vocabulary.paging import Page

MAX_DELETES = 10_000


async def add_rejections(conn: Conn, rejections: Sequence[Rejection]) -> None:
    """Keep what was turned away, sorted, for resent batches may overlap."""
    by_key = {each.key: each for each in rejections}
    await conn.execute(
        "INSERT INTO usage.rejected_event AS r"
        " (tenant_id, key, first_at, received_at, times, event_id, field, value, reason)"
        " SELECT current_setting('tenure.tenant')::uuid, key, now(), now(), 1, event_id, field,"
        " value, reason FROM unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::text[])"
        " AS given(key, event_id, field, value, reason)"
        " ON CONFLICT (tenant_id, key) DO UPDATE"
        " SET received_at = EXCLUDED.received_at, times = r.times + 1",
        *zip(*(astuple(each) for _, each in sorted(by_key.items())), strict=True),
    )


async def rejections(conn: Conn, first: int = 25, after: str | None = None) -> Page[RejectedEvent]:
    """Rows turned away in the last 30 days, those received last first."""
    window = paging.window(first, after, datetime, bytes)
    rows = await conn.fetch(
        "SELECT key, event_id, field, value, reason, first_at, received_at, times"
        " FROM usage.rejected_event WHERE received_at > now() - $4::interval"
        " AND ($1::timestamptz IS NULL OR (received_at, key) < ($1, $2::bytea))"
        " ORDER BY received_at DESC, key DESC LIMIT $3",
        *window.bounds,
        KEEP_FOR,
    )
    return window.page([to(RejectedEvent, row) for row in rows], attrgetter("received_at", "key"))


async def forget_rejections(conn: Conn) -> int:
    """Drop what is older than is kept, and what is more; how many rows are left."""
    await conn.execute(
        "DELETE FROM usage.rejected_event WHERE key IN (SELECT key FROM usage.rejected_event"
        " WHERE received_at <= now() - $1::interval ORDER BY received_at, key LIMIT $2)",
        KEEP_FOR,
        MAX_DELETES,
    )
    await conn.execute(
        "DELETE FROM usage.rejected_event WHERE key IN (SELECT key FROM usage.rejected_event"
        " ORDER BY received_at DESC, key DESC OFFSET $1 LIMIT $2)",
        MAX_KEPT,
        MAX_DELETES,
    )
    left: int = await conn.fetchval("SELECT count(*) FROM usage.rejected_event")
    return left

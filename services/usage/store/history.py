"""Events one by one: how long they are kept, dropping them, reading them out."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.usage.domain.history import RawEvent, Retention
from shared.platform.db import Conn, to

# Midnight, so that what is left are whole days; never back, for what is gone does not return.
ADVANCE = """
UPDATE usage.retention AS r SET raw_since = greatest(r.raw_since, d.cut)
FROM (
  SELECT ((now() AT TIME ZONE z.name)::date - raw_days)::timestamp AT TIME ZONE z.name AS cut
  FROM usage.retention
  CROSS JOIN (SELECT coalesce((SELECT time_zone FROM usage.calendar), 'UTC') AS name) AS z
) AS d
WHERE d.cut > r.raw_since
"""
RAW_EVENTS = """
SELECT encode(key, 'hex') AS key, account_id, member, feature, quantity, occurred_at, recorded_at,
       properties::text AS properties
FROM usage.event
WHERE account_id = ANY ($1) AND recorded_at >= $2 AND recorded_at < $3
  AND ($4::uuid IS NULL
       OR (account_id, recorded_at, key) > ($4, $5::timestamptz, decode($6, 'hex')))
ORDER BY account_id, recorded_at, key LIMIT $7
"""


async def retention(conn: Conn) -> Retention:
    """How long events are kept one by one, and since when they are there."""
    row = await conn.fetchrow(
        "SELECT raw_days, nullif(raw_since, '-infinity') AS raw_since FROM usage.retention"
    )
    return to(Retention, row) if row else Retention()


async def set_retention(conn: Conn, raw_days: int | None) -> None:
    """From now on events are kept so many days; what is gone stays gone."""
    await conn.execute(
        "INSERT INTO usage.retention (tenant_id, raw_days)"
        " VALUES (current_setting('tenure.tenant')::uuid, $1)"
        " ON CONFLICT (tenant_id) DO UPDATE SET raw_days = EXCLUDED.raw_days",
        raw_days,
    )


async def advance(conn: Conn) -> None:
    """Say, before they go, from when on events are there; wants `lock_accounts`."""
    await conn.execute(ADVANCE)


async def drop_raw(conn: Conn, account_ids: Sequence[UUID], most: int) -> int:
    """Drop events of these accounts, at most so many, that happened and were recorded before they
    are kept; how many there were."""
    status = await conn.execute(
        "DELETE FROM usage.event WHERE key = ANY (ARRAY("
        " SELECT e.key FROM usage.event AS e CROSS JOIN usage.retention AS r"
        " WHERE e.account_id = ANY ($1)"
        " AND e.recorded_at < r.raw_since AND e.occurred_at < r.raw_since LIMIT $2))",
        list(account_ids),
        most,
    )
    return int(status.removeprefix("DELETE "))


async def accounts_with_use(conn: Conn) -> list[UUID]:
    """Every account that events may name, in order."""
    rows = await conn.fetch("SELECT account_id FROM usage.known_account ORDER BY account_id")
    return [row["account_id"] for row in rows]


async def raw_events(
    conn: Conn,
    account_ids: list[UUID],
    since: datetime,
    until: datetime,
    after: RawEvent | None = None,
    limit: int = 5_000,
) -> list[RawEvent]:
    """Events recorded within [since, until), by account and time; `after` goes on from there."""
    rows = await conn.fetch(
        RAW_EVENTS,
        account_ids,
        since,
        until,
        after and after.account_id,
        after and after.recorded_at,
        after and after.key,
        min(limit, 20_000),
    )
    return [to(RawEvent, row) for row in rows]

"""Members: by id, and page by page of their account."""

from datetime import datetime
from uuid import UUID

from services.accounts.domain.members import Member
from shared.platform.db import Conn, to
from shared.vocabulary import paging


async def members(
    conn: Conn, member_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, Member]:
    """Members as they were known; those not known yet are absent."""
    rows = await conn.fetch(
        "SELECT DISTINCT ON (id) * FROM accounts.member"
        " WHERE id = ANY ($1) AND recorded_at <= coalesce($2, 'infinity'::timestamptz)"
        " ORDER BY id, recorded_at DESC",
        member_ids,
        as_of,
    )
    return {row["id"]: to(Member, row) for row in rows}


async def member_pages(
    conn: Conn,
    account_ids: list[UUID],
    first: int | None = None,
    after: str | None = None,
    role: str | None = None,
    active: bool | None = None,
    as_of: datetime | None = None,
) -> dict[UUID, paging.Page[Member]]:
    """A page of each account's members, longest there first; absent without any."""
    size = paging.size(first)
    started_at, last_id = paging.key(after, datetime, UUID) if after else (None, None)
    rows = await conn.fetch(
        """
        WITH known AS (
          SELECT DISTINCT ON (account_id, id) * FROM accounts.member
          WHERE account_id = ANY ($1) AND recorded_at <= coalesce($2, 'infinity'::timestamptz)
          ORDER BY account_id, id, recorded_at DESC
        ), placed AS (
          SELECT *, row_number() OVER (PARTITION BY account_id ORDER BY started_at, id) AS place
          FROM known
          WHERE ($3::timestamptz IS NULL OR (started_at, id) > ($3, $4::uuid))
            AND ($5::text IS NULL OR role = $5)
            AND ($6::boolean IS NULL
              OR $6 = (ended_at IS NULL OR ended_at > coalesce($2, now())))
        )
        SELECT * FROM placed WHERE place <= $7 ORDER BY account_id, place""",
        account_ids,
        as_of,
        started_at,
        last_id,
        role,
        active,
        size + 1,
    )
    members = (to(Member, row) for row in rows)
    return paging.pages(members, size, lambda m: m.account_id, lambda m: (m.started_at, m.id))

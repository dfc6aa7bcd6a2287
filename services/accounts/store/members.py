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
    """A page of each account's members, longest there first."""
    window = paging.window(first, after, datetime, UUID)
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
            AND ($6::text IS NULL OR role = $6)
            AND ($7::boolean IS NULL
              OR $7 = (ended_at IS NULL OR ended_at > coalesce($2, now())))
        )
        SELECT * FROM placed WHERE place <= $5 ORDER BY account_id, place""",
        account_ids,
        as_of,
        *window.bounds,
        role,
        active,
    )
    members = [(row["account_id"], to(Member, row)) for row in rows]
    return window.pages(account_ids, members, lambda member: (member.started_at, member.id))

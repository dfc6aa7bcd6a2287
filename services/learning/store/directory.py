"""What other services say: who there is to learn."""

from collections.abc import Sequence
from operator import attrgetter
from uuid import UUID

from services.learning.domain.learners import TOP_LEVEL, Learner
from services.learning.domain.others import MemberFact
from shared.platform.db import Conn, to
from shared.vocabulary.errors import NotFound
from shared.vocabulary.ids import parse_id

SAVE_LEARNERS = """
INSERT INTO learning.learner
  (tenant_id, member_id, recorded_at, account_id, external_id, role, level, added_at, ended_at)
SELECT current_setting('tenure.tenant')::uuid, member_id, recorded_at, account_id, external_id,
  role, least(greatest(coalesce(level, 0), 0), $9), added_at, ended_at
FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[], $5::text[], $6::int[],
  $7::timestamptz[], $8::timestamptz[])
  AS m (member_id, recorded_at, account_id, external_id, role, level, added_at, ended_at)
ORDER BY member_id, recorded_at
ON CONFLICT DO NOTHING"""
columns = attrgetter(
    "member_id", "recorded_at", "account_id", "external_id", "role", "level", "added_at", "ended_at"
)


async def save_learners(conn: Conn, members: Sequence[MemberFact]) -> None:
    """Add versions of members: what accounts said about them when."""
    rows = map(columns, members)
    await conn.execute(SAVE_LEARNERS, *map(list, zip(*rows, strict=True)), TOP_LEVEL)


async def learners(conn: Conn, member_ids: list[UUID]) -> dict[UUID, Learner]:
    """Members by id, as they are now; members that accounts never sent are absent."""
    rows = await conn.fetch(
        "SELECT DISTINCT ON (member_id) member_id, account_id, role, level, ended_at"
        " FROM learning.learner WHERE member_id = ANY ($1) ORDER BY member_id, recorded_at DESC",
        member_ids,
    )
    return {row["member_id"]: to(Learner, row) for row in rows}


async def learner(conn: Conn, member_id: str) -> Learner:
    """The member with this id; NotFound if accounts never sent one."""
    key = parse_id(member_id, "Member", "memberId")[1]
    try:
        return (await learners(conn, [key]))[key]
    except KeyError:
        raise NotFound(f"memberId: there is no member {key}") from None


async def everybody(conn: Conn) -> list[UUID]:
    """All learners of the tenant who are still there."""
    rows = await conn.fetch(
        "SELECT member_id FROM (SELECT DISTINCT ON (member_id) member_id, ended_at"
        " FROM learning.learner ORDER BY member_id, recorded_at DESC) AS newest"
        " WHERE ended_at IS NULL"
    )
    return [row["member_id"] for row in rows]

"""What other services told: who there is to learn."""

from collections.abc import Sequence
from uuid import UUID

from services.learning.domain.learners import TOP_LEVEL, Learner
from services.learning.domain.others import MemberFact
from shared.platform.db import Conn, to


async def save_learners(conn: Conn, members: Sequence[MemberFact]) -> None:
    """New versions of members: what accounts said about them when."""
    ordered = sorted(members, key=lambda member: (member.member_id, member.recorded_at))
    await conn.execute(
        "INSERT INTO learning.learner (tenant_id, member_id, recorded_at, account_id, external_id,"
        " role, level, added_at, ended_at)"
        " SELECT current_setting('tenure.tenant')::uuid, * FROM unnest($1::uuid[],"
        " $2::timestamptz[], $3::uuid[], $4::text[], $5::text[], $6::int[], $7::timestamptz[],"
        " $8::timestamptz[]) ON CONFLICT DO NOTHING",
        [member.member_id for member in ordered],
        [member.recorded_at for member in ordered],
        [member.account_id for member in ordered],
        [member.external_id for member in ordered],
        [member.role for member in ordered],
        [min(max(member.level or 0, 0), TOP_LEVEL) for member in ordered],
        [member.added_at for member in ordered],
        [member.ended_at for member in ordered],
    )


async def learners(conn: Conn, member_ids: list[UUID]) -> dict[UUID, Learner]:
    """Members by id, as they are now; those accounts never told of are absent."""
    rows = await conn.fetch(
        "SELECT DISTINCT ON (member_id) member_id, account_id, role, level, ended_at"
        " FROM learning.learner WHERE member_id = ANY ($1) ORDER BY member_id, recorded_at DESC",
        member_ids,
    )
    return {row["member_id"]: to(Learner, row) for row in rows}


async def everybody(conn: Conn) -> list[UUID]:
    """All learners of the tenant who are still there."""
    rows = await conn.fetch(
        "SELECT member_id FROM (SELECT DISTINCT ON (member_id) member_id, ended_at"
        " FROM learning.learner ORDER BY member_id, recorded_at DESC) AS newest"
        " WHERE ended_at IS NULL"
    )
    return [row["member_id"] for row in rows]

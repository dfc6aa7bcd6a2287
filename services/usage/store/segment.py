"""Which Segment users belong to which group, and the events that wait to know."""

from collections.abc import Mapping, Sequence

from services.usage.domain.segment import GROUP, USER
from shared.platform.db import Conn


async def groups(conn: Conn, members: Sequence[str]) -> dict[str, str]:
    """The group of each user now; those in none are absent."""
    rows = await conn.fetch(
        "SELECT DISTINCT ON (member) member, group_id FROM usage.segment_group"
        " WHERE member = ANY ($1) ORDER BY member, recorded_at DESC",
        members,
    )
    return {row["member"]: row["group_id"] for row in rows}


async def join_groups(conn: Conn, joined: Mapping[str, str]) -> None:
    """Users belong to other groups from now on; events that waited for them go along."""
    members = sorted(joined)
    given = (members, [joined[member] for member in members])
    await conn.execute(
        "INSERT INTO usage.segment_group (tenant_id, member, recorded_at, group_id)"
        " SELECT current_setting('tenure.tenant')::uuid, member, clock_timestamp(), group_id"
        " FROM unnest($1::text[], $2::text[]) AS joined(member, group_id)",
        *given,
    )
    await conn.execute(
        "UPDATE usage.pending_event AS p SET external_source = $3, external_id = joined.group_id"
        " FROM unnest($1::text[], $2::text[]) AS joined(member, group_id)"
        " WHERE p.external_source = $4 AND p.external_id = joined.member",
        *given,
        GROUP,
        USER,
    )

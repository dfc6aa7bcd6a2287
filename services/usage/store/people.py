"""Names of one person, the groups people belong to, and the events that wait to know."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

from services.usage.domain.people import MAX_NAMES, PersonName
from services.usage.domain.segment import GROUP, USER
from shared.platform.db import Conn, to

PEOPLE = (Path(__file__).parent / "people.sql").read_text()
TAKE_OVER = (Path(__file__).parent / "take_over.sql").read_text()


async def people(conn: Conn, names: Sequence[str]) -> list[PersonName]:
    """Whose these names are now; a name that nobody took is a person's own."""
    rows = await conn.fetch(PEOPLE, names, USER, MAX_NAMES + 1)
    return [to(PersonName, row) for row in rows]


async def take_over(conn: Conn, aliases: Mapping[str, str]) -> list[UUID]:
    """From now on people are names of other people, and so are all of their names; the accounts in
    which any of these names was used. Events that wait for them go along."""
    if not aliases:
        return []
    names, persons = list(aliases), list(aliases.values())
    rows = await conn.fetch(TAKE_OVER, names, persons)
    await conn.execute(
        "UPDATE usage.pending_event AS p SET external_id = t.person"
        " FROM unnest($1::text[], $2::text[]) AS t(name, person)"
        " WHERE p.external_source = $3 AND p.external_id = t.name",
        names,
        persons,
        USER,
    )
    return [row["account_id"] for row in rows]


async def join_groups(conn: Conn, groups: Mapping[str, str]) -> None:
    """People belong to other groups from now on."""
    await conn.execute(
        "INSERT INTO usage.segment_group (tenant_id, member, recorded_at, group_id)"
        " SELECT current_setting('tenure.tenant')::uuid, member, clock_timestamp(), group_id"
        " FROM unnest($1::text[], $2::text[]) AS moved(member, group_id)",
        list(groups),
        list(groups.values()),
    )


async def settle(conn: Conn, groups: Mapping[str, str]) -> list[str]:
    """Events that wait for people wait for their groups from now on; for which ones."""
    rows = await conn.fetch(
        "WITH settled AS ("
        " UPDATE usage.pending_event AS p SET external_source = $3, external_id = s.group_id"
        " FROM unnest($1::text[], $2::text[]) AS s(person, group_id)"
        " WHERE p.external_source = $4 AND p.external_id = s.person RETURNING s.group_id"
        ") SELECT DISTINCT group_id FROM settled",
        list(groups),
        list(groups.values()),
        GROUP,
        USER,
    )
    return [row["group_id"] for row in rows]

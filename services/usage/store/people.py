"""Names of one person, the groups people belong to, and the events that wait to know."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

from services.usage.domain.people import MAX_NAMES, PersonName
from services.usage.domain.segment import USER
from shared.platform.db import Conn, to

PEOPLE = (Path(__file__).parent / "people.sql").read_text()
TAKE_OVER = (Path(__file__).parent / "take_over.sql").read_text()


async def people(conn: Conn, names: Sequence[str]) -> list[PersonName]:
    """Whose these names are now; a name that nobody took is a person's own."""
    rows = await conn.fetch(PEOPLE, names, USER, MAX_NAMES + 1)
    return [to(PersonName, row) for row in rows]


async def take_over(conn: Conn, aliases: Mapping[str, str]) -> list[UUID]:
    """From now on people are names of other people, and so are all of their names; the accounts in
    which any of these names was used."""
    if not aliases:
        return []
    names, persons = list(aliases), list(aliases.values())
    rows = await conn.fetch(TAKE_OVER, names, persons)
    return [row["account_id"] for row in rows]


async def join_groups(conn: Conn, groups: Sequence[tuple[str, str]]) -> None:
    """People belong to other groups from now on; of several groups of a person, to the last."""
    await conn.execute(
        "INSERT INTO usage.segment_group (tenant_id, member, recorded_at, group_id)"
        " SELECT current_setting('tenure.tenant')::uuid, member,"
        " clock_timestamp() + row_number() OVER (PARTITION BY member ORDER BY number)"
        " * interval '1 microsecond', group_id"
        " FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS moved(member, group_id, number)",
        [person for person, _ in groups],
        [group for _, group in groups],
    )


async def waiting_names(conn: Conn, persons: Sequence[str]) -> list[str]:
    """Every name of these people under which events wait."""
    rows = await conn.fetch(
        "SELECT DISTINCT n.name FROM unnest($1::text[]) AS p(person) CROSS JOIN LATERAL ("
        " SELECT p.person AS name UNION ALL"
        " SELECT a.name FROM usage.alias AS a WHERE a.person = p.person) AS n"
        " WHERE EXISTS (SELECT FROM usage.pending_event AS w"
        " WHERE w.external_source = $2 AND w.external_id = n.name)",
        persons,
        USER,
    )
    return [row["name"] for row in rows]

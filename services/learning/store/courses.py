"""Courses: the catalogue at a moment, and pages of it."""

from datetime import datetime
from uuid import UUID

from services.learning.domain.courses import Catalogue, Course
from shared.platform.db import Conn, to
from shared.vocabulary import paging
from shared.vocabulary.paging import Page


async def catalogue(conn: Conn, at: datetime | None = None) -> Catalogue:
    """All courses as they were known at a moment; the newest versions if none is given."""
    rows = await conn.fetch(
        "SELECT DISTINCT ON (id) * FROM learning.course"
        " WHERE $1::timestamptz IS NULL OR recorded_at <= $1 ORDER BY id, recorded_at DESC",
        at,
    )
    moment: datetime = at or await conn.fetchval("SELECT now()")
    return Catalogue([to(Course, row) for row in rows], moment)


async def courses(
    conn: Conn, first: int | None = None, after: str | None = None, as_of: datetime | None = None
) -> Page[Course]:
    """Courses by code."""
    window = paging.window(first, after, str)
    rows = await conn.fetch(
        "SELECT * FROM (SELECT DISTINCT ON (id) * FROM learning.course"
        " WHERE recorded_at <= coalesce($1, now()) ORDER BY id, recorded_at DESC) AS newest"
        " WHERE $2::text IS NULL OR code > $2 ORDER BY code LIMIT $3",
        as_of,
        *window.bounds,
    )
    return window.page([to(Course, row) for row in rows], lambda course: (course.code,))


async def courses_by_id(
    conn: Conn, ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, Course]:
    """Courses by id; unknown ones are absent."""
    rows = await conn.fetch(
        "SELECT DISTINCT ON (id) * FROM learning.course"
        " WHERE id = ANY ($1) AND recorded_at <= coalesce($2::timestamptz, 'infinity')"
        " ORDER BY id, recorded_at DESC",
        ids,
        as_of,
    )
    return {row["id"]: to(Course, row) for row in rows}


async def courses_by_code(
    conn: Conn, codes: list[str], as_of: datetime | None = None
) -> dict[str, Course]:
    """Courses by code; unknown ones are absent."""
    rows = await conn.fetch(
        "SELECT DISTINCT ON (code) * FROM learning.course"
        " WHERE code = ANY ($1) AND recorded_at <= coalesce($2::timestamptz, 'infinity')"
        " ORDER BY code, recorded_at DESC",
        codes,
        as_of,
    )
    return {row["code"]: to(Course, row) for row in rows}


async def optional(conn: Conn, codes: list[str]) -> set[str]:
    """Those of these courses that, as they are now, do not count towards being trained."""
    catalogue = await courses_by_code(conn, codes)
    return {code for code, course in catalogue.items() if not course.required}

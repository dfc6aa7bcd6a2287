"""Take courses: codes are unique, prerequisites exist, and nothing needs itself in the end."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

from services.learning.actions.batch import checked
from services.learning.domain.courses import Course, cycles
from services.learning.domain.work_lists import RECOMMEND
from services.learning.rows import CourseRow, checked_course
from services.learning.store import courses, directory
from shared.intake.rows import Kind, Numbered, Receipt, alone, refused
from shared.intake.versions import candidate, sorted_out
from shared.platform.auth import Principal
from shared.platform.db import Conn
from shared.process import work
from shared.vocabulary.errors import InvalidInput

Rows = list[Numbered[CourseRow]]
NAMED_MOST = 12


async def take_courses(conn: Conn, principal: Principal, rows: Rows) -> list[Receipt]:
    """Courses; other values under a known code are a new version, and all paths are due again."""
    await courses.hold(conn)
    known = (await courses.catalogue(conn)).by_code
    good, receipts = checked(rows, checked_course)
    for sort_out in (_with_ids, _without_cycles, _with_prerequisites):
        good, bad = sort_out(good, known, principal.tenant_id)
        receipts += bad
    candidates = [candidate(g.number, g.row, str(g.row.id), principal.tenant_id) for g in good]
    versions = await courses.known(conn, [UUID(one.version.id) for one in candidates])
    fresh, verdicts = sorted_out(candidates, versions, corrections=True)
    if fresh:
        await courses.add(conn, fresh)
        await work.mark(conn, RECOMMEND, await directory.everybody(conn))
    return receipts + verdicts


COURSES = Kind("courses", CourseRow, take_courses)


async def course_upsert(conn: Conn, row: dict[str, Any], principal: Principal) -> Course:
    """One course, taken as the bulk route takes it."""
    course_id = UUID(await alone(conn, principal, COURSES, row))
    return (await courses.courses_by_id(conn, [course_id]))[course_id]


def _with_ids(
    rows: Rows, known: Mapping[str, Course], tenant_id: UUID
) -> tuple[Rows, list[Receipt]]:
    """A course keeps its id and its code; without an id it is known by its code."""
    ids = {code: course.id for code, course in known.items()}
    codes = {course_id: code for code, course_id in ids.items()}

    def settle(row: CourseRow) -> None:
        row.id = row.id or ids.get(row.code) or uuid5(tenant_id, f"course\0{row.code}")
        if ids.setdefault(row.code, row.id) != row.id:
            raise InvalidInput("code", row.code, f"a code not taken by course {ids[row.code]}")
        if codes.setdefault(row.id, row.code) != row.code:
            raise InvalidInput("code", row.code, f"the course's own code, {codes[row.id]}")

    return checked(rows, settle)


def _graph(rows: Rows, known: Mapping[str, Course]) -> dict[str, Sequence[str]]:
    graph: dict[str, Sequence[str]] = {code: course.prerequisites for code, course in known.items()}
    return graph | {one.row.code: one.row.prerequisites for one in rows}


def _without_cycles(rows: Rows, known: Mapping[str, Course], _: UUID) -> tuple[Rows, list[Receipt]]:
    around = cycles(_graph(rows, known))

    def refuse(row: CourseRow) -> None:
        if row.code in around:
            given = ", ".join(row.prerequisites)
            way = _shown(around[row.code])
            raise InvalidInput("prerequisites", given, f"courses without a way back here: {way}")

    return checked(rows, refuse)


def _shown(way: list[str]) -> str:
    """The way round, shortened in the middle when it is long."""
    middle = ["…"] if len(way) > NAMED_MOST else []
    return " → ".join([*way[: NAMED_MOST - 1], *middle, *way[NAMED_MOST - 1 :][-1:]])


def _with_prerequisites(
    rows: Rows, known: Mapping[str, Course], _: UUID
) -> tuple[Rows, list[Receipt]]:
    """Rows whose prerequisites exist, or come with the batch and are not refused themselves."""
    receipts: list[Receipt] = []
    while True:
        there = known.keys() | {one.row.code for one in rows}
        lost = [one for one in rows if not there >= set(one.row.prerequisites)]
        if not lost:
            return rows, receipts
        for one in lost:
            missing = ", ".join(sorted(set(one.row.prerequisites) - there))
            error = InvalidInput("prerequisites", missing, "codes of courses that exist")
            receipts.append(refused(one, error))
        rows = [one for one in rows if there >= set(one.row.prerequisites)]

"""Take courses: codes are unique, prerequisites exist, and nothing needs itself in the end."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

from services.learning.domain.courses import Course, cycles
from services.learning.domain.work_lists import RECOMMEND
from services.learning.rows import CourseRow, check
from services.learning.store import courses, directory, locks, tables
from shared.intake.checks import Check
from shared.intake.rows import BulkRoute, NumberedRow, Receipt, take_one
from shared.intake.versioned import save
from shared.platform.auth import Principal
from shared.platform.db import Conn
from shared.process import work
from shared.vocabulary.errors import InvalidInput

Rows = Sequence[NumberedRow[CourseRow]]
MAX_COURSES_SHOWN = 12


async def take_courses(
    conn: Conn, principal: Principal, rows: list[NumberedRow[CourseRow]]
) -> list[Receipt]:
    """Courses; other values under a known code are a new version, and all paths are due again."""
    await locks.lock_catalogue(conn)
    rules = Rules((await courses.catalogue(conn)).by_code)
    outcome = await save(
        conn, principal, tables.COURSE, rows, check=check,
        resolve=[rules.one_code_each, rules.no_way_back, rules.nothing_missing],
    )  # fmt: skip
    if outcome.fresh:
        await work.mark(conn, RECOMMEND, await directory.everybody(conn))
    return outcome.receipts


COURSES = BulkRoute("courses", CourseRow, take_courses)


async def course_upsert(conn: Conn, row: dict[str, Any], principal: Principal) -> Course:
    """One course, taken as the bulk route takes it."""
    course_id = UUID(await take_one(conn, principal, COURSES, row))
    return (await courses.courses_by_id(conn, [course_id]))[course_id]


class Rules:
    """What must hold of the courses that there are, together with those of a batch."""

    def __init__(self, catalogue: Mapping[str, Course]) -> None:
        self._catalogue = catalogue

    async def one_code_each(self, _: Conn, principal: Principal, __: Rows) -> Check[CourseRow]:
        """A course keeps its id and its code; without an id it is known by its code."""
        ids = {code: course.id for code, course in self._catalogue.items()}
        codes = {course_id: code for code, course_id in ids.items()}

        def settle(row: CourseRow) -> None:
            new = uuid5(principal.tenant_id, f"course\0{row.code}")
            row.id = row.id or ids.get(row.code) or new
            if ids.setdefault(row.code, row.id) != row.id:
                raise InvalidInput("code", row.code, f"a code not taken by course {ids[row.code]}")
            if codes.setdefault(row.id, row.code) != row.code:
                raise InvalidInput("code", row.code, f"the course's own code, {codes[row.id]}")

        return settle

    async def no_way_back(self, _: Conn, __: Principal, rows: Rows) -> Check[CourseRow]:
        """No course needs itself in the end."""
        graph: dict[str, Sequence[str]] = {
            code: course.prerequisites for code, course in self._catalogue.items()
        }
        ways = cycles(graph | {entry.row.code: entry.row.prerequisites for entry in rows})

        def refuse(row: CourseRow) -> None:
            if row.code in ways:
                needs, way = ", ".join(row.prerequisites), _text(ways[row.code])
                allowed = f"courses without a way back here: {way}"
                raise InvalidInput("prerequisites", needs, allowed)

        return refuse

    async def nothing_missing(self, _: Conn, __: Principal, rows: Rows) -> Check[CourseRow]:
        """What a course needs exists, or comes with the batch and is not refused itself."""
        codes = self._codes(rows)

        def refuse(row: CourseRow) -> None:
            if gaps := ", ".join(sorted(set(row.prerequisites) - codes)):
                raise InvalidInput("prerequisites", gaps, "codes of courses that exist")

        return refuse

    def _codes(self, rows: Rows) -> set[str]:
        while True:
            codes = self._catalogue.keys() | {entry.row.code for entry in rows}
            good = [entry for entry in rows if codes.issuperset(entry.row.prerequisites)]
            if len(good) == len(rows):
                return codes
            rows = good


def _text(way: list[str]) -> str:
    """The way round, shortened in the middle when it is long."""
    middle = ["…"] if len(way) > MAX_COURSES_SHOWN else []
    return " → ".join([*way[: MAX_COURSES_SHOWN - 1], *middle, *way[MAX_COURSES_SHOWN - 1 :][-1:]])

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
NAMED_MOST = 12


async def take_courses(
    conn: Conn, principal: Principal, rows: list[NumberedRow[CourseRow]]
) -> list[Receipt]:
    """Courses; other values under a known code are a new version, and all paths are due again."""
    await locks.lock_catalogue(conn)
    rules = Rules((await courses.catalogue(conn)).by_code)
    outcome = await save(
        conn, principal, tables.COURSE, rows, check=check,
        resolve=[rules.one_code_each, rules.no_way_back, rules.all_there],
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
        around = cycles(graph | {one.row.code: one.row.prerequisites for one in rows})

        def refuse(row: CourseRow) -> None:
            if row.code in around:
                needs, way = ", ".join(row.prerequisites), _shown(around[row.code])
                allowed = f"courses without a way back here: {way}"
                raise InvalidInput("prerequisites", needs, allowed)

        return refuse

    async def all_there(self, _: Conn, __: Principal, rows: Rows) -> Check[CourseRow]:
        """What a course needs exists, or comes with the batch and is not refused itself."""
        there = self._there(rows)

        def refuse(row: CourseRow) -> None:
            if missing := sorted(set(row.prerequisites) - there):
                raise InvalidInput(
                    "prerequisites", ", ".join(missing), "codes of courses that exist"
                )

        return refuse

    def _there(self, rows: Rows) -> set[str]:
        while True:
            there = self._catalogue.keys() | {one.row.code for one in rows}
            good = [one for one in rows if there.issuperset(one.row.prerequisites)]
            if len(good) == len(rows):
                return there
            rows = good


def _shown(way: list[str]) -> str:
    """The way round, shortened in the middle when it is long."""
    middle = ["…"] if len(way) > NAMED_MOST else []
    return " → ".join([*way[: NAMED_MOST - 1], *middle, *way[NAMED_MOST - 1 :][-1:]])

"""Progress and mastery of learners, and what an account's learning adds up to."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from services.learning import definitions
from services.learning.domain.courses import Course
from services.learning.domain.learners import (
    PASS_SCORE,
    LearningSummary,
    NextCourse,
    Progress,
    Proof,
    SkillMastery,
    skills,
)
from services.learning.store.courses import courses_by_code
from shared.platform.db import Conn, Row, to
from shared.vocabulary.metric import ratio

HERE = Path(__file__).parent
SUMMARY = (HERE / "summary.sql").read_text()
NEXT_COURSES = (HERE / "next_courses.sql").read_text()
ADOPTION_WINDOW = timedelta(days=180)
ENROLMENT_AGE = timedelta(days=30)
MAX_NEXT_COURSES = 5


async def progress(conn: Conn, ids: list[str]) -> dict[str, Progress]:
    """Steps by id; unknown ones are absent."""
    rows = await conn.fetch("SELECT * FROM learning.progress WHERE id = ANY ($1)", ids)
    return {row["id"]: to(Progress, row) for row in rows}


async def proofs(
    conn: Conn, member_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, list[Proof]]:
    """The first proof of each course a member mastered (the rule is `domain.learners.shows`)."""
    rows = await conn.fetch(
        "SELECT DISTINCT ON (member_id, course) member_id, course, kind AS evidence,"
        " occurred_at AS since, score FROM learning.progress"
        " WHERE member_id = ANY ($1) AND recorded_at <= coalesce($2, now())"
        " AND occurred_at < coalesce($2, now())"
        " AND (kind = 'completed' OR (kind = 'assessed' AND score >= $3))"
        " ORDER BY member_id, course, occurred_at, id",
        member_ids,
        as_of,
        PASS_SCORE,
    )
    by_member: dict[UUID, list[Proof]] = {member_id: [] for member_id in member_ids}
    for row in rows:
        by_member[row["member_id"]].append(to(Proof, row))
    return by_member


async def mastery(
    conn: Conn, member_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, list[SkillMastery]]:
    """Skills of every member asked for, sorted by skill."""
    by_member = await proofs(conn, member_ids, as_of)
    codes = {proof.course for entries in by_member.values() for proof in entries}
    catalogue = await courses_by_code(conn, sorted(codes), as_of)
    return {member_id: skills(entries, catalogue) for member_id, entries in by_member.items()}


async def summary(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, LearningSummary]:
    """Every account asked for, also those nothing is known of."""
    at: datetime = as_of or await conn.fetchval("SELECT now()")
    rows = await conn.fetch(SUMMARY, account_ids, at, PASS_SCORE)
    first_courses = await conn.fetch(NEXT_COURSES, account_ids, at)
    codes = sorted({row["course"] for row in first_courses})
    catalogue = await courses_by_code(conn, codes, at)
    return {row["account_id"]: _summary(row, at, first_courses, catalogue) for row in rows}


def _summary(
    row: Row, at: datetime, first_courses: Sequence[Row], catalogue: dict[str, Course]
) -> LearningSummary:
    courses = [course for course in first_courses if course["account_id"] == row["account_id"]]
    share = partial(ratio, freshness=row["freshness"])
    of_learners = partial(share, denominator=row["learners"], window_to=at)
    return LearningSummary(
        account_id=row["account_id"],
        as_of=at,
        learners=row["learners"],
        education_adoption=of_learners(
            definitions.EDUCATION_ADOPTION, row["adopted"], window_from=at - ADOPTION_WINDOW
        ),
        completion_rate=share(
            definitions.COMPLETION_RATE,
            row["completed"],
            row["enrolled"],
            window_to=at - ENROLMENT_AGE,
        ),
        certified=of_learners(definitions.CERTIFIED, row["certified"]),
        paths_open=sum(course["members"] for course in courses),
        next_courses=[
            NextCourse(catalogue[course["course"]], course["members"])
            for course in courses[:MAX_NEXT_COURSES]
            if course["course"] in catalogue
        ],
    )

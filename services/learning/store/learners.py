"""Progress and mastery of learners, and what an account's learning adds up to."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from services.learning import definitions
from services.learning.domain.courses import Course
from services.learning.domain.learners import (
    PASS_SCORE,
    LearningSummary,
    Mastered,
    NextCourse,
    Progress,
    SkillMastery,
    skills,
)
from services.learning.store.courses import courses_by_code
from shared.platform.db import Conn, Row, to
from shared.vocabulary.definition import Definition
from shared.vocabulary.metric import MetricValue, ratio

HERE = Path(__file__).parent
SUMMARY = (HERE / "summary.sql").read_text()
NEXT_COURSES = (HERE / "next_courses.sql").read_text()
ADOPTION_WINDOW = timedelta(days=180)
ENROLLED_SINCE = timedelta(days=30)
NEXT_COURSES_MOST = 5


async def progress(conn: Conn, ids: list[str]) -> dict[str, Progress]:
    """Steps by id; unknown ones are absent."""
    rows = await conn.fetch("SELECT * FROM learning.progress WHERE id = ANY ($1)", ids)
    return {row["id"]: to(Progress, row) for row in rows}


async def mastered(
    conn: Conn, member_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, list[Mastered]]:
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
    found: dict[UUID, list[Mastered]] = {member_id: [] for member_id in member_ids}
    for row in rows:
        found[row["member_id"]].append(to(Mastered, row))
    return found


async def mastery(
    conn: Conn, member_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, list[SkillMastery]]:
    """Skills of every member asked for, sorted by skill."""
    shown = await mastered(conn, member_ids, as_of)
    codes = {proof.course for proofs in shown.values() for proof in proofs}
    known = await courses_by_code(conn, sorted(codes), as_of)
    return {member_id: skills(proofs, known) for member_id, proofs in shown.items()}


async def summary(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, LearningSummary]:
    """Every account asked for, also those nothing is known of."""
    at: datetime = as_of or await conn.fetchval("SELECT now()")
    rows = await conn.fetch(SUMMARY, account_ids, at, PASS_SCORE)
    firsts = await conn.fetch(NEXT_COURSES, account_ids, at)
    known = await courses_by_code(conn, sorted({row["course"] for row in firsts}), at)
    return {row["account_id"]: _summary(row, at, firsts, known) for row in rows}


def _summary(
    row: Row, at: datetime, firsts: Sequence[Row], known: dict[str, Course]
) -> LearningSummary:
    own = [first for first in firsts if first["account_id"] == row["account_id"]]
    return LearningSummary(
        account_id=row["account_id"],
        as_of=at,
        learners=row["learners"],
        education_adoption=_ratio(
            definitions.EDUCATION_ADOPTION, row["adopted"], row, at, at - ADOPTION_WINDOW
        ),
        completion_rate=ratio(
            definitions.COMPLETION_RATE,
            row["completed"],
            row["enrolled"],
            window_to=at - ENROLLED_SINCE,
            freshness=row["freshness"],
        ),
        certified=_ratio(definitions.CERTIFIED, row["certified"], row, at, None),
        paths_open=sum(first["members"] for first in own),
        next_courses=[
            NextCourse(known[first["course"]], first["members"])
            for first in own[:NEXT_COURSES_MOST]
            if first["course"] in known
        ],
    )


def _ratio(
    definition: Definition, members: int, row: Row, at: datetime, since: datetime | None
) -> MetricValue:
    """A share of the account's learners."""
    return ratio(
        definition,
        members,
        row["learners"],
        window_from=since,
        window_to=at,
        freshness=row["freshness"],
    )

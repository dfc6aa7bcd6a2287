"""The rows that may be sent to learning, and what must hold within one."""

from datetime import timedelta
from typing import Annotated, TypeAlias
from uuid import UUID

import msgspec
from msgspec import Meta

from services.learning.domain.learners import ProgressKind
from shared.intake.of_account import OfAccount
from shared.intake.rows import Row
from shared.vocabulary.errors import InvalidInput
from shared.vocabulary.ids import parse_id
from shared.vocabulary.moments import Moment

Id: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]
Label: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100)]
Language: TypeAlias = Annotated[
    str,
    Meta(pattern="^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", description="a language tag, as en or pt-BR"),
]
CLOCKS_DIFFER = timedelta(minutes=5)


class CourseRow(Row, kw_only=True):
    """A course, known by its code; no roles means that it is for everybody.

    Who completed one that is `required` is trained.
    """

    id: UUID | None = None
    code: Label
    title: Annotated[str, Meta(min_length=1, max_length=300)]
    minutes: Annotated[int, Meta(ge=1, le=10_000)]
    skill: Label
    level: Annotated[int, Meta(ge=0, le=4)]
    modality: Label
    roles: Annotated[list[Label], Meta(max_length=50)] = msgspec.field(default_factory=list)
    prerequisites: Annotated[list[Label], Meta(max_length=50)] = msgspec.field(default_factory=list)
    language: Language = "en"
    valid_from: Moment | None = None
    valid_to: Moment | None = None
    required: bool = True


class ProgressRow(OfAccount, kw_only=True):
    """A step of a member in a course; `score` from 0 to 1 where it was assessed."""

    id: Id
    account_id: str | None = None
    member_id: str
    course_code: Label
    kind: ProgressKind
    occurred_at: Moment
    score: Annotated[float, Meta(ge=0, le=1)] | None = None


def check(row: CourseRow | ProgressRow) -> None:
    """InvalidInput names the first field that is wrong.

    Ids are written the same way from here on, so that the digest of the row is, too.
    """
    match row:
        case CourseRow():
            if row.valid_from and row.valid_to and row.valid_to < row.valid_from:
                until = row.valid_to.isoformat()
                raise InvalidInput("validTo", until, "a moment not before validFrom")
        case ProgressRow():
            _check_progress(row)
            row.account_id = str(row.account)
            row.member_id = str(parse_id(row.member_id, "Member", "memberId")[1])


def _check_progress(row: ProgressRow) -> None:
    """A step is not still ahead, and an assessment has a score."""
    if row.recorded_at is not None and row.occurred_at > row.recorded_at + CLOCKS_DIFFER:
        raise InvalidInput(
            "occurredAt", row.occurred_at.isoformat(), "a moment not after it was recorded"
        )
    if row.kind == "assessed" and row.score is None:
        raise InvalidInput("score", None, "a number from 0 to 1 where kind is 'assessed'")

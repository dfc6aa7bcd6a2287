"""What learning takes one by one; for many there is POST /v1/courses and /v1/progress."""

from datetime import datetime
from typing import Annotated

import strawberry

from services.learning.actions import courses as courses_actions
from services.learning.actions import paths as paths_actions
from services.learning.actions import progress as progress_actions
from services.learning.domain import courses as courses_domain
from services.learning.domain import learners as learners_domain
from services.learning.domain import paths as paths_domain
from services.learning.schema.courses import Course, CourseProgress, CourseProgressKind
from services.learning.schema.paths import LearningPath
from shared.graphql.fields import Arguments, called
from shared.graphql.inputs import entry, optional
from shared.graphql.objects import Member
from shared.graphql.payloads import Payload, UserError, one_row
from shared.graphql.reading import WHOLE
from shared.graphql.showing import shown
from shared.vocabulary.ids import parse_id


@strawberry.input(description="A course as it is from now on.")
class CourseUpsertInput:
    code: str = entry("Its name in the tenant, never changed.")
    title: str = entry("What members see.")
    minutes: int = entry("How long it takes, 1 or more.")
    skill: str = entry("What it teaches.")
    level: int = entry("0 to 4; higher is harder.")
    modality: str = entry("E.g. video, lab, live, article, exam.")
    roles: list[str] = entry("For whom; empty for everybody.", default_factory=list)
    prerequisites: list[str] = entry(
        "Codes of courses to master before; they exist, and do not need this one.",
        default_factory=list,
    )
    language: str = entry("BCP 47 tag.", default="en")
    valid_from: datetime | None = optional("From when it is offered; null: always.")
    valid_to: datetime | None = optional("Until when it is offered; null: without end.")
    required: bool = entry("Whether who completed it counts as trained.", default=True)


@strawberry.input(description="A step of a member in a course.")
class CourseProgressRecordInput:
    member_id: strawberry.ID = entry("The member.")
    course_code: str = entry("Code of the course.")
    kind: CourseProgressKind = entry("Which step.")
    occurred_at: datetime = entry("When the member took it.")
    score: float | None = optional("0 to 1; required where assessed.")


@strawberry.input(description="Whose path to look at anew.")
class LearningPathRecommendInput:
    member_id: strawberry.ID = entry("The member.")


class CoursePayload(Payload[courses_domain.Course], description="What became of a courseUpsert."):
    course: Course | None = shown("The course as it is kept.", of=WHOLE)
    user_errors: list[UserError] = strawberry.field(description="Why nothing was kept; else empty.")


class CourseProgressPayload(
    Payload[learners_domain.Progress], description="What became of a courseProgressRecord."
):
    progress: CourseProgress | None = shown("The step as it is kept.", of=WHOLE)
    member: Member | None = shown("Who took it.", of="member_id")
    user_errors: list[UserError] = strawberry.field(description="Why nothing was kept; else empty.")


def _is_queued(request: paths_domain.PathRequest | None) -> bool:
    return request is not None


class LearningPathPayload(
    Payload[paths_domain.PathRequest], description="What became of a learningPathRecommend."
):
    queued: bool = shown("True: a worker looks at it within seconds.", by=_is_queued)
    member: Member | None = shown("Whose path it is.", of="member_id")
    learning_path: LearningPath | None = shown(
        "The path as it is until then; null if there was none.", of="path"
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing is done; else empty.")


def _member(
    input: Annotated[LearningPathRecommendInput, strawberry.argument(description="Whose.")],
) -> Arguments:
    return {"member_id": parse_id(input.member_id, "Member", "memberId")[1]}


@strawberry.type
class Mutation:
    course_upsert: CoursePayload = called(
        courses_actions.course_upsert,
        "Keep a course; the same code with other values changes it.",
        takes=one_row(CourseUpsertInput, "As it is now."),
    )
    course_progress_record: CourseProgressPayload = called(
        progress_actions.progress_record,
        "Keep a step of a member; sent again it is the same step.",
        takes=one_row(CourseProgressRecordInput, "The step."),
    )
    learning_path_recommend: LearningPathPayload = called(
        paths_actions.path_recommend,
        "Ask for a fresh look at a member's path; answers at once.",
        takes=_member,
    )

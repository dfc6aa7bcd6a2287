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
    code: str = entry("The name it has in the tenant, which never changes.")
    title: str = entry("The title that members see.")
    minutes: int = entry("How many minutes it takes, 1 or more.")
    skill: str = entry("The skill that it teaches.")
    level: int = entry("Its level from 0 to 4; higher is harder.")
    modality: str = entry("The form of the course, e.g. video, lab, live, article or exam.")
    roles: list[str] = entry("Roles it is meant for; empty for everybody.", default_factory=list)
    prerequisites: list[str] = entry(
        "Codes of the courses to master before; they must exist and must not need this one.",
        default_factory=list,
    )
    language: str = entry("The language as a BCP 47 tag.", default="en")
    valid_from: datetime | None = optional("From when it is offered; null if it always was.")
    valid_to: datetime | None = optional("Until when it is offered; null if there is no end.")
    required: bool = entry("Whether members who completed it count as trained.", default=True)


@strawberry.input(description="A step of a member in a course.")
class CourseProgressRecordInput:
    member_id: strawberry.ID = entry("The member.")
    course_code: str = entry("Code of the course.")
    kind: CourseProgressKind = entry("The kind of step.")
    occurred_at: datetime = entry("When the member took it.")
    score: float | None = optional("The score from 0 to 1; required for an assessment.")


@strawberry.input(description="The member whose path is recommended again.")
class LearningPathRecommendInput:
    member_id: strawberry.ID = entry("The member.")


class CoursePayload(Payload[courses_domain.Course], description="The result of courseUpsert."):
    course: Course | None = shown("The course as it is stored.", of=WHOLE)
    user_errors: list[UserError] = strawberry.field(description="Why it was refused, if it was.")


class CourseProgressPayload(
    Payload[learners_domain.Progress], description="The result of courseProgressRecord."
):
    progress: CourseProgress | None = shown("The step as it is stored.", of=WHOLE)
    member: Member | None = shown("The member who took it.", of="member_id")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused, if it was.")


def _is_queued(request: paths_domain.PathRequest | None) -> bool:
    return request is not None


class LearningPathPayload(
    Payload[paths_domain.PathRequest], description="The result of learningPathRecommend."
):
    queued: bool = shown("True if the path is recommended again within seconds.", by=_is_queued)
    member: Member | None = shown("The member whose path it is.", of="member_id")
    learning_path: LearningPath | None = shown(
        "The path that holds until then; null if there was none.", of="path"
    )
    user_errors: list[UserError] = strawberry.field(description="Why it was refused, if it was.")


def _member(
    input: Annotated[LearningPathRecommendInput, strawberry.argument(description="The member.")],
) -> Arguments:
    return {"member_id": parse_id(input.member_id, "Member", "memberId")[1]}


@strawberry.type
class Mutation:
    course_upsert: CoursePayload = called(
        courses_actions.course_upsert,
        "Save a course; the same code with other values changes it.",
        takes=one_row(CourseUpsertInput, "The course as it is now."),
    )
    course_progress_record: CourseProgressPayload = called(
        progress_actions.progress_record,
        "Save a step of a member; the same step sent again changes nothing.",
        takes=one_row(CourseProgressRecordInput, "The step."),
    )
    learning_path_recommend: LearningPathPayload = called(
        paths_actions.path_recommend,
        "Ask to have a member's path recommended again; the answer comes at once.",
        takes=_member,
    )

"""What learning shows: fields of Account and Member, the catalogue, and how to add to them."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry.types import Info
from strawberry.utils.str_converters import to_camel_case

from services.learning.actions import courses as courses_actions
from services.learning.actions import learners as learners_actions
from services.learning.domain.learners import LearningSummary as Summary
from services.learning.schema.course import (
    Course,
    CourseProgress,
    CourseProgressKind,
    SkillMastery,
)
from services.learning.schema.path import LearningPath, Member
from services.learning.store import courses, learners, paths
from shared.graphql.old import (
    After,
    AsOf,
    Connection,
    Context,
    First,
    MetricValue,
    Part,
    UserError,
    attempted,
    connection,
)
from shared.vocabulary.ids import parsed_id

Request = Info[Context, None]


@strawberry.type(description="A course that is next for some members of an account.")
class NextCourse:
    course: Course = strawberry.field(description="The course.")
    members: int = strawberry.field(description="On whose paths it stands first.")


@strawberry.type(description="How an account's members learn, at a moment.")
class LearningSummary:
    as_of: datetime = strawberry.field(description="The moment it speaks of.")
    learners: int = strawberry.field(description="Members known then.")
    education_adoption: MetricValue = strawberry.field(
        description="Share of the members who completed a course in 180 days (definition L1)."
        " Higher is better."
    )
    completion_rate: MetricValue = strawberry.field(
        description="Share of enrolments at least 30 days old that were completed (definition L4)."
        " Higher is better."
    )
    certified: MetricValue = strawberry.field(
        description="Share of the members who ever passed an assessment. Higher is better."
    )
    paths_open: int = strawberry.field(description="Members with a course still to take.")
    next_courses: list[NextCourse] = strawberry.field(
        description="First courses of the members' paths, most members first, at most 5."
    )

    @classmethod
    def of(cls, summary: Summary) -> "LearningSummary":
        return cls(
            as_of=summary.as_of,
            learners=summary.learners,
            education_adoption=MetricValue.of(summary.education_adoption),
            completion_rate=MetricValue.of(summary.completion_rate),
            certified=MetricValue.of(summary.certified),
            paths_open=summary.paths_open,
            next_courses=[
                NextCourse(course=Course.of(first.course), members=first.members)
                for first in summary.next_courses
            ],
        )


@strawberry.type
class AccountFields(Part):
    """What learning tells of an account."""

    @strawberry.field(description="Adoption, completion and open paths of the account's members.")
    async def learning(self, info: Request, as_of: AsOf = None) -> LearningSummary | None:
        summary = await info.context.load(learners.summary, self.key, as_of=as_of or self.as_of)
        if summary is None:
            raise LookupError("learners.summary answers for every account")
        return LearningSummary.of(summary)


@strawberry.type
class MemberFields(Part):
    """What learning tells of a member."""

    @strawberry.field(description="What to learn next; null until it was first recommended.")
    async def learning_path(self, info: Request, as_of: AsOf = None) -> LearningPath | None:
        path = await info.context.load(paths.path, self.key, as_of=as_of or self.as_of)
        return None if path is None else LearningPath.of(path)

    @strawberry.field(description="What the member has shown, by skill.")
    async def mastery(self, info: Request, as_of: AsOf = None) -> list[SkillMastery] | None:
        shown = await info.context.load(learners.mastery, self.key, as_of=as_of or self.as_of)
        return [SkillMastery.of(skill) for skill in shown or []]


async def _path(info: Info[Any, None], key: UUID) -> LearningPath | None:
    path = await info.context.load(paths.paths_by_id, key)
    return None if path is None else LearningPath.of(path)


async def _course(info: Info[Any, None], key: UUID) -> Course | None:
    course = await info.context.load(courses.courses_by_id, key)
    return None if course is None else Course.of(course)


NODES: dict[str, Callable[[Info[Any, None], UUID], Awaitable[Any]]] = {
    "LearningPath": _path,
    "Course": _course,
}


@strawberry.type
class Query:
    @strawberry.field(description="Everything there is to learn, by code.")
    async def courses(
        self, info: Request, first: First = 25, after: After = None
    ) -> Connection[Course] | None:
        page = await info.context.call(courses.courses, first=first, after=after)
        nodes = [Course.of(course) for course in page.items]
        return connection(page, nodes, continued=after is not None)


@strawberry.input(description="A course as it is from now on.")
class CourseUpsertInput:
    code: str = strawberry.field(description="Its name in the tenant, never changed.")
    title: str = strawberry.field(description="What members see.")
    minutes: int = strawberry.field(description="How long it takes, 1 or more.")
    skill: str = strawberry.field(description="What it teaches.")
    level: int = strawberry.field(description="0 to 4; higher is harder.")
    modality: str = strawberry.field(description="E.g. video, lab, live, article, exam.")
    roles: list[str] = strawberry.field(
        description="For whom; empty for everybody.", default_factory=list
    )
    prerequisites: list[str] = strawberry.field(
        description="Codes of courses to master before; they exist, and do not need this one.",
        default_factory=list,
    )
    language: str = strawberry.field(description="BCP 47 tag.", default="en")
    valid_from: datetime | None = strawberry.field(
        description="From when it is offered; null: always.", default=None
    )
    valid_to: datetime | None = strawberry.field(
        description="Until when it is offered; null: without end.", default=None
    )
    required: bool = strawberry.field(
        description="Whether who completed it counts as trained.", default=True
    )


@strawberry.input(description="A step of a member in a course.")
class CourseProgressRecordInput:
    member_id: strawberry.ID = strawberry.field(description="The member.")
    course_code: str = strawberry.field(description="Code of the course.")
    kind: CourseProgressKind = strawberry.field(description="Which step.")
    occurred_at: datetime = strawberry.field(description="When the member took it.")
    score: float | None = strawberry.field(
        description="0 to 1; required where assessed.", default=None
    )


@strawberry.input(description="Whose path to look at anew.")
class LearningPathRecommendInput:
    member_id: strawberry.ID = strawberry.field(description="The member.")


@strawberry.type(description="What became of a courseUpsert.")
class CoursePayload:
    course: Course | None = strawberry.field(description="The course as it is kept.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing was kept; else empty.")


@strawberry.type(description="What became of a courseProgressRecord.")
class CourseProgressPayload:
    progress: CourseProgress | None = strawberry.field(description="The step as it is kept.")
    member: Member | None = strawberry.field(description="Who took it.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing was kept; else empty.")


@strawberry.type(description="What became of a learningPathRecommend.")
class LearningPathPayload:
    queued: bool = strawberry.field(description="True: a worker looks at it within seconds.")
    member: Member | None = strawberry.field(description="Whose path it is.")
    learning_path: LearningPath | None = strawberry.field(
        description="The path as it is until then; null if there was none."
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing is done; else empty.")


@strawberry.type
class Mutation:
    """What learning takes one by one; for many there is POST /v1/courses and /v1/progress."""

    @strawberry.mutation(description="Keep a course; the same code with other values changes it.")
    async def course_upsert(
        self,
        info: Request,
        input: Annotated[CourseUpsertInput, strawberry.argument(description="As it is now.")],
    ) -> CoursePayload:
        info.context.principal.require("ingest")
        course, errors = await attempted(
            info.context.call(courses_actions.course_upsert, _row(input))
        )
        info.context.forget()
        return CoursePayload(course=Course.of(course) if course else None, user_errors=errors)

    @strawberry.mutation(description="Keep a step of a member; sent again it is the same step.")
    async def course_progress_record(
        self,
        info: Request,
        input: Annotated[CourseProgressRecordInput, strawberry.argument(description="The step.")],
    ) -> CourseProgressPayload:
        info.context.principal.require("ingest")
        row = {**_row(input), "kind": input.kind.value}
        step, errors = await attempted(info.context.call(learners_actions.progress_record, row))
        info.context.forget()
        if step is None:
            return CourseProgressPayload(progress=None, member=None, user_errors=errors)
        return CourseProgressPayload(
            progress=CourseProgress.of(step),
            member=info.context.object("Member", step.member_id),
            user_errors=[],
        )

    @strawberry.mutation(description="Ask for a fresh look at a member's path; answers at once.")
    async def learning_path_recommend(
        self,
        info: Request,
        input: Annotated[LearningPathRecommendInput, strawberry.argument(description="Whose.")],
    ) -> LearningPathPayload:
        info.context.principal.require("act")
        path, errors = await attempted(_recommended(info, input.member_id))
        if errors:
            return LearningPathPayload(
                queued=False, member=None, learning_path=None, user_errors=errors
            )
        member_id = parsed_id(input.member_id, "Member", "memberId")[1]
        return LearningPathPayload(
            queued=True,
            member=info.context.object("Member", member_id),
            learning_path=LearningPath.of(path) if path else None,
            user_errors=[],
        )


async def _recommended(info: Request, given: str) -> Any:
    member_id = parsed_id(given, "Member", "memberId")[1]
    return await info.context.call(learners_actions.path_recommend, member_id)


def _row(given: CourseUpsertInput | CourseProgressRecordInput) -> dict[str, Any]:
    """The row that the bulk route would take; what is null was not given."""
    values = {to_camel_case(name): value for name, value in vars(given).items()}
    return {name: value for name, value in values.items() if value is not None}

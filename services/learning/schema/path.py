"""Learning paths: what next, why, and why not something else."""

from datetime import datetime
from enum import Enum
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry.types import Info

from services.learning.domain import paths
from services.learning.schema.course import Course
from shared.graphql.old import Context, Node, global_id

Member = Annotated["Member", strawberry.lazy("graph.schema")]


@strawberry.enum(description="Why a course is on a path.")
class PathReasonKind(Enum):
    ROLE = strawberry.enum_value("role", description="It is meant for the role in `subject`.")
    LEVEL = strawberry.enum_value(
        "level", description="Its level (`value`) is within reach (`threshold`)."
    )
    GAP = strawberry.enum_value(
        "gap", description="The level shown in the skill (`value`) is below the course's."
    )
    PREREQUISITE_OF = strawberry.enum_value(
        "prerequisite_of", description="The course in `subject` needs it."
    )


@strawberry.enum(description="Why a course within the member's reach is not on the path.")
class ExclusionKind(Enum):
    MASTERED = strawberry.enum_value("mastered", description="The member can do it already.")
    OVER_BUDGET = strawberry.enum_value(
        "over_budget", description="It comes later: a path is 5 courses and 120 minutes at most."
    )
    PREREQUISITE_UNAVAILABLE = strawberry.enum_value(
        "prerequisite_unavailable", description="What it needs, in `detail`, is not offered."
    )
    NOT_OFFERED = strawberry.enum_value(
        "not_offered", description="It is not offered yet, or no longer."
    )


@strawberry.type(description="A reason that programs can read.")
class PathReason:
    kind: PathReasonKind = strawberry.field(description="What kind of reason.")
    subject: str = strawberry.field(description="The role, the skill or the code of the course.")
    value: float | None = strawberry.field(description="The number that was looked at.")
    threshold: float | None = strawberry.field(description="What it was compared with.")

    @classmethod
    def of(cls, reason: paths.Reason) -> "PathReason":
        return cls(
            kind=PathReasonKind(reason.kind),
            subject=reason.subject,
            value=reason.value,
            threshold=reason.threshold,
        )


@strawberry.type(description="A course to take, in its place.")
class LearningPathItem:
    position: int = strawberry.field(description="1 is first.")
    course: Course = strawberry.field(description="The course.")
    reasons: list[PathReason] = strawberry.field(description="Why it is here.")
    prerequisite_of: list[Course] = strawberry.field(
        description="Courses still to come for the member that need it."
    )
    value_per_minute: float = strawberry.field(
        description="What decided the order; only comparable within a path. Higher is better."
    )

    @classmethod
    def of(cls, item: paths.PathItem) -> "LearningPathItem":
        return cls(
            position=item.position,
            course=Course.of(item.course),
            reasons=[PathReason.of(reason) for reason in item.reasons],
            prerequisite_of=[Course.of(course) for course in item.prerequisite_of],
            value_per_minute=item.value_per_minute,
        )


@strawberry.type(description="A course that is not on the path.")
class ExcludedCourse:
    course: Course = strawberry.field(description="The course.")
    reason: ExclusionKind = strawberry.field(description="Why not.")
    detail: str | None = strawberry.field(description="What is missing, where that is a course.")

    @classmethod
    def of(cls, excluded: paths.ExcludedCourse) -> "ExcludedCourse":
        return cls(
            course=Course.of(excluded.course),
            reason=ExclusionKind(excluded.why),
            detail=excluded.detail,
        )


@strawberry.type(description="What a member should learn next. The same inputs give the same path.")
class LearningPath(Node):
    member_key: strawberry.Private[UUID]
    items: list[LearningPathItem] = strawberry.field(description="The courses in order, at most 5.")
    excluded: list[ExcludedCourse] = strawberry.field(
        description="Courses for the member's role and level that are not on it, and why."
    )
    minutes: int = strawberry.field(description="How long all of it takes, at most 120.")
    recommended_at: datetime = strawberry.field(description="Since when the member is on it.")
    inputs_hash: str = strawberry.field(description="SHA-256 of everything it follows from.")

    @strawberry.field(description="Whose path it is.")
    def member(self, info: Info[Context, None]) -> Member:
        return info.context.object("Member", self.member_key)

    @classmethod
    def of(cls, path: paths.LearningPath) -> "LearningPath":
        return cls(
            id=global_id("LearningPath", path.id),
            member_key=path.member_id,
            items=[LearningPathItem.of(item) for item in path.items],
            excluded=[ExcludedCourse.of(excluded) for excluded in path.excluded],
            minutes=path.minutes,
            recommended_at=path.recommended_at,
            inputs_hash=path.inputs_hash,
        )

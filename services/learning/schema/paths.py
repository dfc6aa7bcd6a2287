"""Learning paths: what next, why, and why not something else."""

from datetime import datetime
from enum import Enum

import strawberry

from services.learning.domain import paths as paths_domain
from services.learning.schema.courses import Course
from shared.graphql.objects import Member, Node
from shared.graphql.showing import Shown, shown


@strawberry.enum(description="Why a course is on a path.")
class PathReasonKind(Enum):
    ROLE = strawberry.enum_value("role", description="It is meant for the role in `subject`.")
    LEVEL = strawberry.enum_value(
        "level", description="Its level (`value`) is within the member's reach (`threshold`)."
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
        "over_budget",
        description="It comes later, since a path has at most 5 courses and 120 minutes.",
    )
    PREREQUISITE_UNAVAILABLE = strawberry.enum_value(
        "prerequisite_unavailable", description="A course that it needs (`detail`) is not offered."
    )
    NOT_OFFERED = strawberry.enum_value(
        "not_offered", description="It is not offered yet, or it is no longer offered."
    )


class PathReason(Shown[paths_domain.Reason], description="A reason that programs can read."):
    kind: PathReasonKind = shown("The kind of reason.")
    subject: str = shown("The role, the skill or the code of the course.")
    value: float | None = shown("The number that was compared.")
    threshold: float | None = shown("The number it was compared with.")


class LearningPathItem(Shown[paths_domain.PathItem], description="A course on the path."):
    position: int = shown("The place on the path, from 1.")
    course: Course = shown("The course.")
    reasons: list[PathReason] = shown("Why it is on the path.")
    prerequisite_of: list[Course] = shown("Later courses of the member that need this one.")
    value_per_minute: float = shown(
        "The number that decided the order, to be compared within a path only. Higher is better."
    )


class ExcludedCourse(Shown[paths_domain.ExcludedCourse], description="A course not on the path."):
    course: Course = shown("The course.")
    reason: ExclusionKind = shown("Why it is not on the path.", of="why")
    detail: str | None = shown("The codes of the courses that are missing; null for other reasons.")


class LearningPath(
    Shown[paths_domain.LearningPath],
    Node,
    description="What a member should learn next. The same inputs give the same path.",
):
    id: strawberry.ID = shown("Opaque, the same for ever.")
    items: list[LearningPathItem] = shown("The courses in order, at most 5.")
    excluded: list[ExcludedCourse] = shown(
        "Courses for the member's role and level that are not on the path, and why."
    )
    minutes: int = shown("How many minutes all of it takes, at most 120.")
    recommended_at: datetime = shown("When it was recommended to the member.")
    inputs_hash: str = shown("SHA-256 of all its inputs.")
    member: Member = shown("The member whose path it is.", of="member_id")

"""Courses, and what members can do."""

from datetime import datetime
from enum import Enum

import strawberry

from services.learning.domain import courses as courses_domain
from services.learning.domain import learners as learners_domain
from shared.graphql.objects import Node
from shared.graphql.showing import Shown, shown


@strawberry.enum(description="How we know that a member can do something.")
class MasteryEvidence(Enum):
    COMPLETED = strawberry.enum_value("completed", description="A course was completed.")
    ASSESSED = strawberry.enum_value(
        "assessed", description="An assessment was passed (0.7 or better)."
    )


@strawberry.enum(description="A step of a member in a course.")
class CourseProgressKind(Enum):
    ENROLLED = strawberry.enum_value("enrolled", description="The member signed up.")
    STARTED = strawberry.enum_value("started", description="The member first opened it.")
    COMPLETED = strawberry.enum_value(
        "completed", description="The member worked through all of it."
    )
    ASSESSED = strawberry.enum_value(
        "assessed", description="The member was examined, with a score."
    )


class Course(Shown[courses_domain.Course], Node, description="A course in one skill at one level."):
    id: strawberry.ID = shown("Opaque, the same for ever.")
    code: str = shown("The name it has in the tenant, which never changes.")
    title: str = shown("The title that members see.")
    minutes: int = shown("How many minutes it takes.")
    skill: str = shown("The skill that it teaches.")
    level: int = shown("Its level from 0 to 4; higher is harder.")
    roles: list[str] = shown("The roles it is meant for; empty if it is for everybody.")
    modality: str = shown("The form of the course, e.g. video, lab, live, article or exam.")
    language: str = shown("BCP 47 tag, e.g. en.")
    prerequisites: list[str] = shown("Codes of the courses that must be mastered before.")
    required: bool = shown("Whether members who completed it count as trained (U2, training gap).")


class SkillMastery(Shown[learners_domain.SkillMastery], description="A member's level in a skill."):
    skill: str = shown("The skill.")
    level: int = shown("The highest level shown, 0 to 4. Higher is better.")
    value: float = shown("The level as a share of the highest possible one, 0 to 1.")
    evidence: MasteryEvidence = shown("How the level was shown first.")
    courses: list[str] = shown("Codes of the skill's mastered courses.")
    since: datetime = shown("When the level was shown first.")


class CourseProgress(
    Shown[learners_domain.Progress], description="A step of a member in a course, as it is stored."
):
    source_id: str = shown("The id it was sent with, or that it was given here.", of="id")
    course_code: str = shown("Code of the course.", of="course")
    kind: CourseProgressKind = shown("The kind of step.")
    occurred_at: datetime = shown("When the member took it.")
    score: float | None = shown("The score of an assessment, 0 to 1; higher is better.")

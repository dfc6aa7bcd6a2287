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
        "assessed", description="An assessment was passed with 0.7 or better."
    )


@strawberry.enum(description="A step of a member in a course.")
class CourseProgressKind(Enum):
    ENROLLED = strawberry.enum_value("enrolled", description="Signed up.")
    STARTED = strawberry.enum_value("started", description="Opened for the first time.")
    COMPLETED = strawberry.enum_value("completed", description="Worked through to the end.")
    ASSESSED = strawberry.enum_value("assessed", description="Examined, with a score.")


class Course(
    Shown[courses_domain.Course], Node, description="Something to learn, one skill at one level."
):
    id: strawberry.ID = shown("Opaque, the same for ever.")
    code: str = shown("Its name in the tenant, never changed.")
    title: str = shown("What members see.")
    minutes: int = shown("How long it takes.")
    skill: str = shown("What it teaches.")
    level: int = shown("0 to 4; higher is harder.")
    roles: list[str] = shown("For whom; empty for everybody.")
    modality: str = shown("E.g. video, lab, live, article, exam.")
    language: str = shown("BCP 47 tag, e.g. en.")
    prerequisites: list[str] = shown("Codes of the courses that must be mastered before.")
    required: bool = shown("Whether who completed it counts as trained (U2, training gap).")


class SkillMastery(
    Shown[learners_domain.SkillMastery], description="How far a member is in a skill."
):
    skill: str = shown("The skill.")
    level: int = shown("Highest level shown, 0 to 4. Higher is better.")
    value: float = shown("That level as a share of the top one, 0 to 1.")
    evidence: MasteryEvidence = shown("How the level was shown first.")
    courses: list[str] = shown("Codes of the skill's mastered courses.")
    since: datetime = shown("When the level was shown first.")


class CourseProgress(
    Shown[learners_domain.Progress], description="A step of a member in a course, as it is kept."
):
    source_id: str = shown("The id it was sent with, or got.", of="id")
    course_code: str = shown("Code of the course.", of="course")
    kind: CourseProgressKind = shown("Which step.")
    occurred_at: datetime = shown("When the member took it.")
    score: float | None = shown("0 to 1 where assessed; higher is better.")

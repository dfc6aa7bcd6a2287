"""Courses, and what a member can do."""

from datetime import datetime
from enum import Enum

import strawberry

from services.learning.domain import courses, learners
from shared.graphql.old import Node, global_id


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


@strawberry.type(description="Something to learn, one skill at one level.")
class Course(Node):
    code: str = strawberry.field(description="Its name in the tenant, never changed.")
    title: str = strawberry.field(description="What members see.")
    minutes: int = strawberry.field(description="How long it takes.")
    skill: str = strawberry.field(description="What it teaches.")
    level: int = strawberry.field(description="0 to 4; higher is harder.")
    roles: list[str] = strawberry.field(description="For whom; empty for everybody.")
    modality: str = strawberry.field(description="E.g. video, lab, live, article, exam.")
    language: str = strawberry.field(description="BCP 47 tag, e.g. en.")
    prerequisites: list[str] = strawberry.field(
        description="Codes of the courses that must be mastered before."
    )
    required: bool = strawberry.field(
        description="Whether who completed it counts as trained (U2, training gap)."
    )

    @classmethod
    def of(cls, course: courses.Course) -> "Course":
        return cls(
            id=global_id("Course", course.id),
            code=course.code,
            title=course.title,
            minutes=course.minutes,
            skill=course.skill,
            level=course.level,
            roles=list(course.roles),
            modality=course.modality,
            language=course.language,
            prerequisites=list(course.prerequisites),
            required=course.required,
        )


@strawberry.type(description="How far a member is in a skill.")
class SkillMastery:
    skill: str = strawberry.field(description="The skill.")
    level: int = strawberry.field(description="Highest level shown, 0 to 4. Higher is better.")
    value: float = strawberry.field(description="That level as a share of the top one, 0 to 1.")
    evidence: MasteryEvidence = strawberry.field(description="How the level was shown first.")
    courses: list[str] = strawberry.field(description="Codes of the skill's mastered courses.")
    since: datetime = strawberry.field(description="When the level was shown first.")

    @classmethod
    def of(cls, mastery: learners.SkillMastery) -> "SkillMastery":
        return cls(
            skill=mastery.skill,
            level=mastery.level,
            value=mastery.value,
            evidence=MasteryEvidence(mastery.evidence),
            courses=mastery.courses,
            since=mastery.since,
        )


@strawberry.type(description="A step of a member in a course, as it is kept.")
class CourseProgress:
    source_id: str = strawberry.field(description="The id it was sent with, or got.")
    course_code: str = strawberry.field(description="Code of the course.")
    kind: CourseProgressKind = strawberry.field(description="Which step.")
    occurred_at: datetime = strawberry.field(description="When the member took it.")
    score: float | None = strawberry.field(description="0 to 1 where assessed; higher is better.")

    @classmethod
    def of(cls, step: learners.Progress) -> "CourseProgress":
        return cls(
            source_id=step.id,
            course_code=step.course,
            kind=CourseProgressKind(step.kind),
            occurred_at=step.occurred_at,
            score=step.score,
        )

"""Learners, their progress, and what they have mastered."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from services.learning.domain.courses import Course
from shared.vocabulary.metric import MetricValue

ProgressKind: TypeAlias = Literal["enrolled", "started", "completed", "assessed"]
Evidence: TypeAlias = Literal["completed", "assessed"]

PASS_SCORE = 0.7
TOP_LEVEL = 4


@dataclass(frozen=True, slots=True)
class Learner:
    """A member as far as learning cares; `level` of knowledge 0–4."""

    member_id: UUID
    account_id: UUID
    role: str | None
    level: int
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """A step of a member in a course, as it is stored."""

    id: str
    account_id: UUID
    member_id: UUID
    course: str
    kind: ProgressKind
    occurred_at: datetime
    score: float | None


@dataclass(frozen=True, slots=True)
class Proof:
    """That a member can do what a course teaches, how we know, and since when."""

    member_id: UUID
    course: str
    evidence: Evidence
    since: datetime
    score: float | None


@dataclass(frozen=True, slots=True)
class SkillMastery:
    """The highest level of a skill that is shown; `value` is its share of the top level."""

    skill: str
    level: int
    value: float
    evidence: Evidence
    courses: list[str]
    since: datetime


@dataclass(frozen=True, slots=True)
class NextCourse:
    """A course that stands first on the paths of so many members."""

    course: Course
    members: int


@dataclass(frozen=True, slots=True)
class LearningSummary:
    """An account's learning at `as_of`."""

    account_id: UUID
    as_of: datetime
    learners: int
    education_adoption: MetricValue
    completion_rate: MetricValue
    certified: MetricValue
    paths_open: int
    next_courses: list[NextCourse]


@dataclass(frozen=True, slots=True)
class Completion:
    """A completion of a course by a member, as other services receive it."""

    member_id: UUID
    course: str
    completed_at: datetime
    recorded_at: datetime
    required: bool = True


@dataclass(frozen=True, slots=True)
class LearningChanged:
    """Progress of the account's members was recorded; `completed`: the completions among it."""

    account_id: UUID
    completed: list[Completion]


def skills(proofs: Iterable[Proof], courses: Mapping[str, Course]) -> list[SkillMastery]:
    """Mastery by skill, sorted by skill; courses no longer known count nothing."""
    by_skill: dict[str, list[tuple[Course, Proof]]] = {}
    for proof in proofs:
        if course := courses.get(proof.course):
            by_skill.setdefault(course.skill, []).append((course, proof))
    return [_skill(skill, pairs) for skill, pairs in sorted(by_skill.items())]


def _skill(skill: str, pairs: list[tuple[Course, Proof]]) -> SkillMastery:
    highest, proof = min(pairs, key=lambda pair: (-pair[0].level, pair[1].since, pair[0].code))
    return SkillMastery(
        skill=skill,
        level=highest.level,
        value=highest.level / TOP_LEVEL,
        evidence=proof.evidence,
        courses=sorted(course.code for course, _ in pairs),
        since=proof.since,
    )


def shows(kind: str, score: float | None) -> bool:
    """Whether a step proves mastery: a completion does, an assessment from PASS_SCORE on."""
    return kind == "completed" or (kind == "assessed" and score is not None and score >= PASS_SCORE)

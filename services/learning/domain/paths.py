"""What to learn next: a pure function of role, level, mastery and catalogue."""

import hashlib
from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from services.learning.domain.courses import Catalogue, Course
from services.learning.domain.learners import Learner

ReasonKind: TypeAlias = Literal["role", "level", "gap", "prerequisite_of"]
ExcludedWhy: TypeAlias = Literal[
    "mastered", "over_budget", "prerequisite_unavailable", "not_offered"
]

UNLOCK_SHARE = 0.5
RULES = 1
"""Version of the rules below; part of every inputs_hash."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a course is recommended; `subject` is a role, a skill or a course."""

    kind: ReasonKind
    subject: str
    value: float | None = None
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A course to take next."""

    course: str
    reasons: list[Reason]
    value_per_minute: float


@dataclass(frozen=True, slots=True)
class Excluded:
    """A course of the member's targets that is not on the path; `detail` names what is missing."""

    course: str
    why: ExcludedWhy
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What follows from the inputs that `inputs_hash` stands for."""

    steps: list[Step]
    excluded: list[Excluded]
    minutes: int
    inputs_hash: str

    @property
    def courses(self) -> list[str]:
        return [step.course for step in self.steps]


@dataclass(frozen=True, slots=True)
class Budget:
    """How much may be asked of a member at once."""

    items: int = 5
    minutes: int = 120


BUDGET = Budget()


@dataclass(frozen=True, slots=True)
class PathItem:
    """A step of a path with its courses filled in."""

    position: int
    course: Course
    reasons: list[Reason]
    prerequisite_of: list[Course]
    value_per_minute: float


@dataclass(frozen=True, slots=True)
class ExcludedCourse:
    """A course that is not on the path, and why."""

    course: Course
    why: ExcludedWhy
    detail: str | None


@dataclass(frozen=True, slots=True)
class LearningPath:
    """What a member was told to learn next."""

    id: UUID
    member_id: UUID
    account_id: UUID
    recommended_at: datetime
    inputs_hash: str
    minutes: int
    items: list[PathItem]
    excluded: list[ExcludedCourse]


@dataclass(frozen=True, slots=True)
class PathRequest:
    """That somebody asked for a fresh look at a member's path; `path` is theirs until then."""

    member_id: UUID
    path: LearningPath | None


@dataclass(frozen=True, slots=True)
class PathAssigned:
    """A member has other next steps than before."""

    account_id: UUID
    member_id: UUID
    path_id: UUID


def next_path(
    learner: Learner, mastered: Set[str], catalogue: Catalogue, budget: Budget = BUDGET
) -> Plan:
    """The next courses of a member: a pure function of the arguments.

    Targets are the courses offered to the role up to one level above the member's. What they need
    and the member has not mastered comes with them. A course is worth the levels it lifts the
    member in its skill, plus half of what it unlocks, shared among all that is missing for that.
    Then, as long as the budget allows, always the course of most value per minute whose
    prerequisites are done; ties by code. Without a budget, mastering one more offered course never
    makes the path longer.
    """
    view = _View(learner, mastered, catalogue)
    needed = view.needed()
    values = view.values(needed)
    steps: list[Step] = []
    done, left, minutes = set(mastered), dict.fromkeys(sorted(needed)), 0
    while len(steps) < budget.items:
        fits = [
            code
            for code in left
            if done.issuperset(catalogue.by_code[code].prerequisites)
            and minutes + catalogue.by_code[code].minutes <= budget.minutes
        ]
        if not fits:
            break
        best = min(fits, key=lambda code: (-values[code] / catalogue.by_code[code].minutes, code))
        course = catalogue.by_code[best]
        steps.append(Step(best, view.reasons(course, needed), values[best] / course.minutes))
        done.add(best)
        del left[best]
        minutes += course.minutes
    return Plan(steps, view.excluded(left), minutes, view.inputs_hash(budget))


class _View:
    """The catalogue as one member sees it."""

    def __init__(self, learner: Learner, mastered: Set[str], catalogue: Catalogue) -> None:
        self._learner = learner
        self._mastered = mastered
        self._catalogue = catalogue
        suited = [course for course in catalogue.order if self._suits(course)]
        self._targets = {course.code for course in suited if course.offered(catalogue.at)}
        self._not_offered = [c.code for c in suited if c.code not in self._targets]
        self._levels = self._skill_levels()
        self._open = self._reachable()

    def _suits(self, course: Course) -> bool:
        for_role = not course.roles or self._learner.role in course.roles
        return for_role and course.level <= self._learner.level + 1

    def _skill_levels(self) -> dict[str, int]:
        levels: dict[str, int] = {}
        for course in self._catalogue.order:
            if course.code in self._mastered:
                levels[course.skill] = max(course.level, levels.get(course.skill, 0))
        return levels

    def needed(self) -> set[str]:
        """Targets and what they need, less what is mastered or cannot be reached."""
        needed: set[str] = set()
        for course in reversed(self._catalogue.order):
            wanted = course.code in self._targets or any(
                code in needed for code in self._catalogue.dependants[course.code]
            )
            if wanted and course.code in self._open and course.code not in self._mastered:
                needed.add(course.code)
        return needed

    def _reachable(self) -> set[str]:
        """What is offered, and all it needs is mastered or reachable too."""
        found: set[str] = set()
        for course in self._catalogue.order:
            if course.offered(self._catalogue.at) and not self._missing(course, found):
                found.add(course.code)
        return found

    def _missing(self, course: Course, reachable: Set[str]) -> list[str]:
        return [
            code
            for code in course.prerequisites
            if code not in self._mastered and code not in reachable
        ]

    def values(self, needed: Set[str]) -> dict[str, float]:
        """What each needed course is worth."""
        values: dict[str, float] = {}
        for course in reversed(self._catalogue.order):
            if course.code in needed:
                unlocked = sum(
                    values[code] / self._still_needed_for(code)
                    for code in sorted(self._catalogue.dependants[course.code])
                    if code in needed
                )
                values[course.code] = self._own_value(course) + UNLOCK_SHARE * unlocked
        return values

    def _still_needed_for(self, code: str) -> int:
        return len(set(self._catalogue.by_code[code].prerequisites) - self._mastered)

    def _own_value(self, course: Course) -> float:
        if course.code not in self._targets:
            return 0.0
        return 1.0 + max(0, course.level - self._levels.get(course.skill, 0))

    def reasons(self, course: Course, needed: Set[str]) -> list[Reason]:
        found: list[Reason] = []
        if course.code in self._targets:
            if course.roles and self._learner.role:
                found.append(Reason("role", self._learner.role))
            found.append(Reason("level", course.skill, course.level, self._learner.level + 1))
            found.append(
                Reason("gap", course.skill, self._levels.get(course.skill, 0), course.level)
            )
        unlocks = sorted(set(self._catalogue.dependants[course.code]) & needed)
        return found + [Reason("prerequisite_of", code) for code in unlocks]

    def excluded(self, left: Iterable[str]) -> list[Excluded]:
        later = [Excluded(code, "over_budget") for code in left]
        known = [Excluded(code, "mastered") for code in sorted(self._targets & self._mastered)]
        closed = [
            Excluded(code, "prerequisite_unavailable", ", ".join(missing))
            for code in sorted(self._targets - self._open - self._mastered)
            if (missing := self._missing(self._catalogue.by_code[code], self._open))
        ]
        return later + known + closed + [Excluded(c, "not_offered") for c in self._not_offered]

    def inputs_hash(self, budget: Budget) -> str:
        """Covers what the plan may depend on and nothing else of the catalogue."""
        near = self._with_ancestors()
        skills_near = sorted({course.skill for course in near})
        inputs = (
            RULES, self._learner.role, self._learner.level, (budget.items, budget.minutes),
            [(c.code, c.minutes, c.skill, c.level, sorted(c.roles), sorted(c.prerequisites),
              c.offered(self._catalogue.at), c.code in self._mastered) for c in near],
            [(skill, self._levels.get(skill, 0)) for skill in skills_near],
            [code for c in near for code in c.prerequisites
             if code not in self._catalogue.by_code and code in self._mastered],
        )  # fmt: skip
        return hashlib.sha256(msgspec.msgpack.encode(inputs)).hexdigest()

    def _with_ancestors(self) -> list[Course]:
        near = self._targets | set(self._not_offered)
        for course in reversed(self._catalogue.order):
            if course.code in near:
                near.update(
                    code for code in course.prerequisites if code in self._catalogue.by_code
                )
        return sorted((self._catalogue.by_code[code] for code in near), key=lambda c: c.code)

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
    """What is recommended to a member to learn next."""

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
    view, by_code = _View(learner, mastered, catalogue), catalogue.by_code
    needed = view.needed()
    values = view.values(needed)
    steps: list[Step] = []
    done, left, minutes = set(mastered), dict.fromkeys(sorted(needed)), 0
    while len(steps) < budget.items:
        fits = [
            code
            for code in left
            if done.issuperset(by_code[code].prerequisites)
            and minutes + by_code[code].minutes <= budget.minutes
        ]
        if not fits:
            break
        best = min(fits, key=lambda code: (-values[code] / by_code[code].minutes, code))
        course = by_code[best]
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
        self._by_code = catalogue.by_code
        suitable = [course for course in catalogue.order if self._suits(course)]
        self._targets = {course.code for course in suitable if course.offered(catalogue.at)}
        self._not_offered = [c.code for c in suitable if c.code not in self._targets]
        self._levels = self._skill_levels()
        self._reachable = self._codes_within_reach()

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
        possible = self._reachable - self._mastered
        for course in reversed(self._catalogue.order):
            dependants = self._catalogue.dependants[course.code]
            of_use = course.code in self._targets or not needed.isdisjoint(dependants)
            if of_use and course.code in possible:
                needed.add(course.code)
        return needed

    def _codes_within_reach(self) -> set[str]:
        """What is offered, and all it needs is mastered or reachable too."""
        reachable: set[str] = set()
        for course in self._catalogue.order:
            if course.offered(self._catalogue.at) and not self._gaps(course, reachable):
                reachable.add(course.code)
        return reachable

    def _gaps(self, course: Course, reachable: Set[str]) -> list[str]:
        """What the course needs, and the member can neither do nor reach."""
        return [c for c in course.prerequisites if c not in self._mastered and c not in reachable]

    def values(self, needed: Set[str]) -> dict[str, float]:
        """What each needed course is worth."""
        values: dict[str, float] = {}
        for course in reversed(self._catalogue.order):
            if course.code in needed:
                unlocks = sum(
                    values[code] / len(set(self._by_code[code].prerequisites) - self._mastered)
                    for code in self._unlocks(course, needed)
                )
                values[course.code] = self._own_value(course) + UNLOCK_SHARE * unlocks
        return values

    def _unlocks(self, course: Course, needed: Set[str]) -> list[str]:
        return sorted(needed & set(self._catalogue.dependants[course.code]))

    def _own_value(self, course: Course) -> float:
        if course.code not in self._targets:
            return 0.0
        return 1.0 + max(0, course.level - self._levels.get(course.skill, 0))

    def reasons(self, course: Course, needed: Set[str]) -> list[Reason]:
        reasons: list[Reason] = []
        if course.code in self._targets:
            if course.roles and self._learner.role:
                reasons.append(Reason("role", self._learner.role))
            skill, shown_level = course.skill, self._levels.get(course.skill, 0)
            reasons.append(Reason("level", skill, course.level, self._learner.level + 1))
            reasons.append(Reason("gap", skill, shown_level, course.level))
        unlocks = self._unlocks(course, needed)
        return reasons + [Reason("prerequisite_of", code) for code in unlocks]

    def excluded(self, left: Iterable[str]) -> list[Excluded]:
        later = [Excluded(code, "over_budget") for code in left]
        mastered = [Excluded(code, "mastered") for code in sorted(self._targets & self._mastered)]
        unreachable = [
            Excluded(code, "prerequisite_unavailable", ", ".join(gaps))
            for code in sorted(self._targets - self._reachable - self._mastered)
            if (gaps := self._gaps(self._by_code[code], self._reachable))
        ]
        not_offered = [Excluded(code, "not_offered") for code in self._not_offered]
        return later + mastered + unreachable + not_offered

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
             if code not in self._by_code and code in self._mastered],
        )  # fmt: skip
        return hashlib.sha256(msgspec.msgpack.encode(inputs)).hexdigest()

    def _with_ancestors(self) -> list[Course]:
        near = self._targets | set(self._not_offered)
        for course in reversed(self._catalogue.order):
            if course.code in near:
                near |= self._by_code.keys() & course.prerequisites
        return [self._by_code[code] for code in sorted(near)]

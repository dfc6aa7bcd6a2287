"""Courses, what they need, and the order that follows from it."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Course:
    """A course as offered; hard `prerequisites` are codes; no roles means for everybody."""

    id: UUID
    code: str
    title: str
    minutes: int
    skill: str
    level: int
    roles: tuple[str, ...]
    modality: str
    language: str
    prerequisites: tuple[str, ...]
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    required: bool = True

    def offered(self, at: datetime) -> bool:
        begun = self.valid_from is None or self.valid_from <= at
        return begun and (self.valid_to is None or at < self.valid_to)


@dataclass(slots=True)
class Catalogue:
    """All courses at a moment, prerequisites first; made once for many members."""

    courses: Iterable[Course]
    at: datetime
    by_code: dict[str, Course] = field(init=False)
    order: list[Course] = field(init=False)
    dependants: dict[str, list[str]] = field(init=False)

    def __post_init__(self) -> None:
        self.by_code = {course.code: course for course in self.courses}
        self.dependants = {code: [] for code in self.by_code}
        for course in self.by_code.values():
            for needed in set(course.prerequisites) & self.by_code.keys():
                self.dependants[needed].append(course.code)
        graph = {code: course.prerequisites for code, course in self.by_code.items()}
        self.order = [self.by_code[code] for code in sorted_by_need(graph)]


def sorted_by_need(graph: Mapping[str, Iterable[str]]) -> list[str]:
    """Codes so that prerequisites come first, ties by code; what stands on a cycle is left out."""
    waits = {code: set(needs) & graph.keys() for code, needs in graph.items()}
    dependants: dict[str, list[str]] = {code: [] for code in graph}
    for code, needs in waits.items():
        for needed in needs:
            dependants[needed].append(code)
    ready = sorted(code for code, needs in waits.items() if not needs)
    for code in ready:  # grows while it is walked
        for dependant in sorted(dependants[code]):
            waits[dependant].discard(code)
            if not waits[dependant]:
                ready.append(dependant)
    return ready


def cycles(graph: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Every code that needs itself in the end, with the way round: [a, b, a] where a needs b."""
    left = {code: set(needs) & graph.keys() for code, needs in graph.items()}
    for code in sorted_by_need(left):
        del left[code]
    backwards: dict[str, list[str]] = {code: [] for code in left}
    for code, needs in left.items():
        left[code] = needs & left.keys()
        for needed in left[code]:
            backwards[needed].append(code)
    for code in sorted_by_need(backwards):  # these only depend on a cycle
        del left[code]
    ways: dict[str, list[str]] = {}
    for code in sorted(left):
        if code not in ways:
            ways |= _way_round(code, left)
    return ways


def _way_round(start: str, left: Mapping[str, Set[str]]) -> dict[str, list[str]]:
    """Walk from prerequisite to prerequisite until one comes again."""
    places, step = {start: 0}, start
    while (step := min(left[step] & left.keys())) not in places:
        places[step] = len(places)
    way = list(places)
    ring = [*way[places[step] :], step]
    return dict.fromkeys(way, ring)

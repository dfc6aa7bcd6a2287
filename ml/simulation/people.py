"""Members who join and leave, and what they learn."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from uuid import UUID, uuid5

import msgspec
import numpy as np

from ml.simulation import catalogue, rows
from ml.simulation.clock import Clock, moment
from ml.simulation.companies import Companies
from ml.simulation.contracts import Chain

_Kind = Literal["enrolled", "started", "completed", "assessed"]
_ROLES: tuple[rows.Role, ...] = ("admin", "manager", "analyst", "user")
_ROLE_SHARE = (0.06, 0.14, 0.2, 0.6)
_STAY_DAYS = 1_300.0
_GAP_DAYS = 25.0
_CHAMPION_DAYS, _MEMBER_DAYS = 3.0, 15.0
_LATEST_CHAMPION_DAYS = 20.0
_FIRST_STEPS = 0.9
"""How often a newcomer is enrolled in the first course of all, whatever the account is like."""

_ASSESSED = 0.9
_SCORE_WEIGHT = 30.0
"""How sure an assessment is: as many questions behind each score."""


@dataclass(frozen=True, slots=True)
class Person:
    """A member within one spell of an account; `end` is infinite while they stay."""

    id: UUID
    account: int
    chain: int
    number: int
    role: rows.Role
    level: int
    start: float
    end: float


def joined(chains: list[Chain], companies: Companies, clock: Clock) -> list[Person]:
    """Everyone who ever had a seat; the first one is the champion, followed by the next.

    Who is there when the contract is lost leaves with it; an account that comes back brings others.
    """
    rng = clock.rng(5)
    people: list[Person] = []
    for place, chain in enumerate(chains):
        account = chain.account
        persons = [*_champions(companies, chain, clock, rng)]
        for opens, closes, end in _slots(companies, chain, clock, rng):
            persons.extend(_slot(opens, closes, end, float(companies.onboarding[account]), rng))
        before = people[-1].number + 1 if chain.spell else 0
        for number, (role, start, end) in enumerate(persons, before):
            level = _level(role, float(companies.education[account]), rng)
            member = clock.name("member", account, number)
            people.append(Person(member, account, place, number, role, level, start, end))
    return people


def _champions(
    companies: Companies, chain: Chain, clock: Clock, rng: np.random.Generator
) -> Iterator[tuple[rows.Role, float, float]]:
    """A champion leaves in the very week in which health begins to suffer; the next comes later."""
    wait = _wait(_CHAMPION_DAYS, float(companies.onboarding[chain.account]), rng)
    start = chain.start_day + min(wait, _LATEST_CHAMPION_DAYS)
    last = min(chain.end_day, float(clock.until))
    for week in np.flatnonzero(companies.champion_left[chain.account]):
        left = clock.since + 7.0 * int(week) + 3.5
        if start < left < last:
            yield "admin", start, left
            start = left + 14.0
    if start < last:
        yield "admin", start, chain.end_day


def _slots(
    companies: Companies, chain: Chain, clock: Clock, rng: np.random.Generator
) -> Iterator[tuple[float, float, float]]:
    """From when to when each seat beyond the champion's is there, and when its holder loses it."""
    lift = 0.15 * float(companies.onboarding[chain.account])
    fill = float(np.clip(0.72 + lift + 0.03 * rng.normal(), 0.3, 1.0))
    open_slots: list[float] = []
    last = min(chain.end_day, float(clock.until))
    for contract in chain.contracts:
        target = max(1, round(contract.seats * fill)) - 1
        while len(open_slots) > target:
            closes = float(contract.start_day)
            yield open_slots.pop(), closes, closes
        open_slots.extend([float(contract.start_day)] * (target - len(open_slots)))
    for opens in open_slots:
        yield opens, last, chain.end_day


def _slot(
    opens: float, closes: float, end: float, onboarding: float, rng: np.random.Generator
) -> Iterator[tuple[rows.Role, float, float]]:
    """People who hold one seat one after another."""
    start = opens + _wait(_MEMBER_DAYS, onboarding, rng)
    while start < closes:
        role = _ROLES[int(rng.choice(len(_ROLES), p=_ROLE_SHARE))]
        leaves = start + float(rng.exponential(_STAY_DAYS))
        yield role, start, leaves if leaves < closes else end
        start = leaves + float(rng.exponential(_GAP_DAYS)) + 1.0


def _wait(usual_days: float, onboarding: float, rng: np.random.Generator) -> float:
    """Days until somebody joins: fewer where the vendor's onboarding goes well."""
    return 0.3 + usual_days * float(np.exp(0.4 * rng.normal() - onboarding))


def _level(role: rows.Role, education: float, rng: np.random.Generator) -> int:
    lead = {"admin": 0.9, "analyst": 0.7, "manager": 0.4, "user": 0.0}[role]
    return int(np.clip(round(0.6 + lead + 0.7 * education + 0.5 * rng.normal()), 0, 3))


def member_rows(people: list[Person], companies: Companies, clock: Clock) -> Iterator[rows.Member]:
    """Each member as invited and, when they left, once more."""
    rng = clock.rng(6)
    lag = rng.exponential(0.15, (len(people), 2))
    for person, (in_lag, out_lag) in zip(people, lag.tolist(), strict=True):
        label = f"{person.account:05d}-{person.number:03d}"
        invited = rows.Member(
            id=person.id,
            account_id=companies.ids[person.account],
            external_id=f"M-{label}",
            email=f"m{person.number}@company{person.account:05d}.example",
            role=person.role,
            level=person.level,
            started_at=moment(person.start),
            recorded_at=moment(person.start + in_lag * 0.1),
        )
        yield invited
        if np.isfinite(person.end):
            ended, recorded = moment(person.end), moment(person.end + out_lag + 0.01)
            yield msgspec.structs.replace(invited, ended_at=ended, recorded_at=recorded)


def course_rows(clock: Clock) -> list[rows.Course]:
    return [
        rows.Course(
            id=clock.name("course", course.code),
            code=course.code,
            title=course.title,
            minutes=course.minutes,
            skill=course.skill,
            level=course.level,
            roles=list(course.roles),
            modality=course.modality,
            prerequisites=list(course.prerequisites),
            language="en",
        )
        for course in catalogue.COURSES
    ]


def progress_rows(
    people: list[Person], companies: Companies, clock: Clock
) -> Iterator[rows.Progress]:
    """Courses in an order that keeps prerequisites; educated accounts take and finish more."""
    rng = clock.rng(7)
    for person in people:
        education = float(companies.education[person.account])
        last = min(person.end, float(clock.until))
        for course, kind, day, score in _studies(person, education, last, rng):
            yield rows.Progress(
                id=uuid5(person.id, f"{course}/{kind}"),
                account_id=companies.ids[person.account],
                member_id=person.id,
                course_code=course,
                kind=kind,
                occurred_at=moment(day),
                score=score,
                recorded_at=moment(day + 0.1 * rng.random()),
            )


def _studies(
    person: Person, education: float, last: float, rng: np.random.Generator
) -> Iterator[tuple[str, _Kind, float, float | None]]:
    chance = _sigmoid(1.5 * education - 0.9)
    day = person.start
    done: set[str] = set()
    for course in catalogue.COURSES:
        if person.role not in course.roles or not done.issuperset(course.prerequisites):
            continue
        day += float(rng.exponential(12.0)) + 0.2
        drive = _FIRST_STEPS if course is catalogue.COURSES[0] else chance
        if rng.random() >= drive:
            continue
        for kind, at, score in _steps(day, education, rng):
            if at >= last:
                return
            yield course.code, kind, at, score
            day = at
            if kind == "completed":
                done.add(course.code)


def _steps(
    day: float, education: float, rng: np.random.Generator
) -> Iterator[tuple[_Kind, float, float | None]]:
    yield "enrolled", day, None
    if rng.random() > 0.9:
        return
    started = day + float(rng.exponential(2.0)) + 0.05
    yield "started", started, None
    if rng.random() >= _sigmoid(1.0 + 1.2 * education):
        return
    completed = started + float(rng.exponential(6.0)) + 0.1
    yield "completed", completed, None
    if rng.random() < _ASSESSED:
        mean = _sigmoid(0.8 + education)
        score = rng.beta(_SCORE_WEIGHT * mean, _SCORE_WEIGHT * (1.0 - mean))
        yield "assessed", completed + 0.05, round(float(score), 2)


def _sigmoid(log_odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-log_odds))

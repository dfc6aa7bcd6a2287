"""Habits: how often members do what a use case is about, against how often it comes by nature."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from statistics import median
from uuid import UUID

from services.usage.definitions.journeys import FORGETTABLE, FREQUENCY, HABIT
from services.usage.domain.clock import Clock
from services.usage.domain.value_plan import UseCase
from shared.vocabulary import metric
from shared.vocabulary.metric import MetricValue, Window

HABIT_ZONE_DAYS = 30
MIN_JUDGED = 5
FLAGGED_ABOVE = 0.5
PERIODS = 4
MIN_PERIODS = 3


class Zone(StrEnum):
    """Where use of a use case stands; `rare` when it comes less than monthly by nature."""

    HABIT = "habit"
    FORGETTABLE = "forgettable"
    RARE = "rare"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Doer:
    """A member's core actions: median days between, the last one, natural periods with one.

    `is_judged`: there is one within the half year.
    """

    use_case: str
    account_id: UUID
    every_days: float | None
    last_on: date
    is_judged: bool
    periods: int
    is_active: bool
    role: str | None
    freshness: datetime | None


@dataclass(frozen=True, slots=True)
class PersonaUse:
    """U13 of the members of one role; None: of those whose role nobody told."""

    role: str | None
    frequency: MetricValue
    forgettable: MetricValue
    flagged: bool


@dataclass(frozen=True, slots=True)
class Habit:
    """The habit of one use case (U9, U13), of an account's members or a segment's."""

    use_case: UseCase
    zone: Zone
    flagged: bool
    frequency: MetricValue
    forgettable: MetricValue
    habit: MetricValue
    personas: list[PersonaUse]


def habit(case: UseCase, doers: list[Doer], active: int, clock: Clock) -> Habit:
    """What the members' core actions say about them all, of `active` members in 28 days."""
    whole = _use(case, None, doers, clock)
    roles = sorted({doer.role for doer in doers}, key=lambda role: (role is None, role or ""))
    return Habit(
        use_case=case,
        zone=_zone(case, whole.forgettable.value, flagged=whole.flagged),
        flagged=whole.flagged,
        frequency=whole.frequency,
        forgettable=whole.forgettable,
        habit=metric.ratio(
            HABIT,
            sum(doer.is_active and doer.periods >= MIN_PERIODS for doer in doers),
            active,
            window_from=clock.back(PERIODS * case.natural_frequency_days),
            window_to=clock.midnight,
            freshness=whole.frequency.freshness,
        ),
        personas=[_use(case, role, [d for d in doers if d.role == role], clock) for role in roles],
    )


def _use(case: UseCase, role: str | None, doers: list[Doer], clock: Clock) -> PersonaUse:
    """U13 of some members; fewer than five are too few to call them forgetful."""
    bound = max(HABIT_ZONE_DAYS, case.natural_frequency_days)
    verdicts = [verdict for doer in doers if (verdict := _forgets(doer, bound, clock)) is not None]
    share = sum(verdicts) / len(verdicts) if len(verdicts) >= MIN_JUDGED else None
    every = [doer.every_days for doer in doers if doer.every_days is not None]
    half_year: Window = {
        "window_from": clock.since_180,
        "window_to": clock.midnight,
        "freshness": max((d.freshness for d in doers if d.freshness is not None), default=None),
    }
    return PersonaUse(
        role=role,
        frequency=metric.of(FREQUENCY, median(every) if every else None, len(every), **half_year),
        forgettable=metric.of(
            FORGETTABLE,
            share,
            len(verdicts),
            numerator=sum(verdicts),
            denominator=len(verdicts),
            **half_year,
        ),
        flagged=share is not None and share > FLAGGED_ABOVE,
    )


def _forgets(doer: Doer, bound: int, clock: Clock) -> bool | None:
    """Who acted on a single day is judged by the silence since; None while that is short."""
    if not doer.is_judged:
        return None
    if doer.every_days is not None:
        return doer.every_days > bound
    return True if (clock.today - doer.last_on).days > bound else None


def _zone(case: UseCase, share: float | None, *, flagged: bool) -> Zone:
    if share is None:
        return Zone.UNKNOWN
    if flagged:
        return Zone.FORGETTABLE
    return Zone.RARE if case.natural_frequency_days > HABIT_ZONE_DAYS else Zone.HABIT

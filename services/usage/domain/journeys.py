"""Journeys: an account's way over the milestones to value, and where accounts give up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from uuid import UUID

from services.usage.definitions.journeys import (
    AFTER_SET,
    CONVERSION,
    DROP_OFF,
    OVERDUE,
    PROGRESS,
    REACHED_SHARE,
    REQUIRED_RATE,
    STEP_DAYS,
    TIME_TO_VALUE,
    TIME_TO_VALUE_MEDIAN,
    VALUE_SHARE,
)
from services.usage.domain.clock import Clock
from services.usage.domain.survival import Duration, kaplan_meier
from services.usage.domain.value_plan import Milestone
from shared.vocabulary import metric
from shared.vocabulary.metric import MetricValue, Window

AROUND = timedelta(days=28)
DROPPED_AT = -0.3
HORIZONS = (30, 60, 90)


@dataclass(frozen=True, slots=True)
class Start:
    """When an account's first contract started, and when the last was lost."""

    account_id: UUID
    start_on: date
    lost_on: date | None


@dataclass(frozen=True, slots=True)
class MilestoneDay:
    """The day an account reached a milestone, and when the newest row behind it was recorded."""

    account_id: UUID
    key: str
    reached_on: date
    freshness: datetime | None


@dataclass(frozen=True, slots=True)
class EventsAround:
    """Events in the 28 days before and after the day a milestone was reached."""

    account_id: UUID
    key: str
    before: int
    after: int
    first_on: date
    freshness: datetime | None


@dataclass(frozen=True, slots=True)
class Step:
    """A milestone on an account's way; `due_on` is the first day on which it is overdue."""

    milestone: Milestone
    reached_on: date | None
    due_on: date | None
    overdue: bool
    change_after: MetricValue
    dropped: bool


@dataclass(frozen=True, slots=True)
class Journey:
    """Where an account stands on its way (U7, U9, U10, U11)."""

    account_id: UUID
    started_on: date | None
    steps: list[Step]
    progress: MetricValue
    required_30: MetricValue
    required_60: MetricValue
    required_90: MetricValue
    overdue: MetricValue
    time_to_value: MetricValue


@dataclass(frozen=True, slots=True)
class JourneyCounts:
    """What is known of an account's way at a moment."""

    account_id: UUID
    start_on: date | None
    reached: Mapping[str, MilestoneDay]
    around: Mapping[str, EventsAround]
    clock: Clock

    def journey(self, milestones: Sequence[Milestone]) -> Journey:
        """Every milestone in order, and the numbers they make."""
        steps = [self._step(milestone) for milestone in milestones]
        rates = [self._rate(milestones, days) for days in HORIZONS]
        return Journey(
            account_id=self.account_id,
            started_on=self.start_on,
            steps=steps,
            progress=self._progress(milestones),
            required_30=rates[0],
            required_60=rates[1],
            required_90=rates[2],
            overdue=self._overdue(steps),
            time_to_value=self._time_to_value(milestones),
        )

    @property
    def freshness(self) -> datetime | None:
        return _newest(self.reached.values())

    @property
    def opened(self) -> datetime | None:
        """The midnight that opens the first contract."""
        return self.clock.opening(self.start_on) if self.start_on else None

    def _on(self, key: str) -> date | None:
        return self.reached[key].reached_on if key in self.reached else None

    def _step(self, milestone: Milestone) -> Step:
        reached_on = self._on(milestone.key)
        due_on = None
        if self.start_on is not None and milestone.due_day is not None:
            due_on = self.start_on + timedelta(days=milestone.due_day)
        change = self._change(milestone.key, reached_on)
        return Step(
            milestone=milestone,
            reached_on=reached_on,
            due_on=due_on,
            overdue=reached_on is None and due_on is not None and self.clock.today >= due_on,
            change_after=change,
            dropped=change.value is not None and change.value <= DROPPED_AT,
        )

    def _change(self, key: str, reached_on: date | None) -> MetricValue:
        """U7; the day of completion itself belongs to neither side."""
        around = self.around.get(key)
        if reached_on is None or around is None:
            return metric.of(AFTER_SET, None, 0)
        is_whole = (
            around.first_on <= reached_on - AROUND
            and self.clock.today > reached_on + AROUND
            and around.before > 0
        )
        return metric.of(
            AFTER_SET,
            around.after / around.before - 1 if is_whole else None,
            around.before + around.after,
            numerator=around.after,
            denominator=around.before,
            window_from=self.clock.opening(reached_on - AROUND),
            window_to=self.clock.opening(reached_on + AROUND + timedelta(days=1)),
            freshness=around.freshness,
        )

    def _progress(self, milestones: Sequence[Milestone]) -> MetricValue:
        required = [milestone for milestone in milestones if milestone.required]
        whole = sum(milestone.weight for milestone in required)
        done = sum(milestone.weight for milestone in required if milestone.key in self.reached)
        return metric.of(
            PROGRESS,
            done / whole if whole else None,
            len(required),
            numerator=done,
            denominator=whole,
            window_from=self.opened,
            window_to=self.clock.as_of,
            freshness=self.freshness,
        )

    def _rate(self, milestones: Sequence[Milestone], days: int) -> MetricValue:
        """U10; the account must have had the days."""
        due = [m for m in milestones if m.required and m.due_day is not None and m.due_day <= days]
        if self.start_on is None:
            return metric.of(REQUIRED_RATE, None, len(due))
        end = self.start_on + timedelta(days=days)
        done = sum((on := self._on(m.key)) is not None and on < end for m in due)
        return metric.of(
            REQUIRED_RATE,
            done / len(due) if due and self.clock.today >= end else None,
            len(due),
            numerator=done,
            denominator=len(due),
            window_from=self.opened,
            window_to=self.clock.opening(end),
            freshness=self.freshness,
        )

    def _overdue(self, steps: Sequence[Step]) -> MetricValue:
        dated = [step for step in steps if step.milestone.required and step.due_on is not None]
        late = sum(step.overdue for step in dated)
        return metric.of(
            OVERDUE,
            late if self.start_on is not None else None,
            len(dated),
            numerator=late,
            window_from=self.opened,
            window_to=self.clock.as_of,
            freshness=self.freshness,
        )

    def _time_to_value(self, milestones: Sequence[Milestone]) -> MetricValue:
        value = value_milestone(milestones)
        reached_on = self._on(value.key) if value else None
        if self.start_on is None or reached_on is None:
            return metric.of(TIME_TO_VALUE, None, 0, window_from=self.opened)
        return metric.of(
            TIME_TO_VALUE,
            max(0, (reached_on - self.start_on).days),
            1,
            window_from=self.opened,
            window_to=self.clock.as_of,
            freshness=self.freshness,
        )


def value_milestone(milestones: Sequence[Milestone]) -> Milestone | None:
    """The first milestone, in their order, that means value."""
    return next((milestone for milestone in milestones if milestone.is_value), None)


@dataclass(frozen=True, slots=True)
class TimeToValue:
    """How long accounts take to first value (U11), those that wait included."""

    median_days: MetricValue
    by_30: MetricValue
    by_60: MetricValue
    by_90: MetricValue


def time_to_value(
    starts: Sequence[Start], reached: Mapping[UUID, MilestoneDay], clock: Clock
) -> TimeToValue:
    """The Kaplan-Meier median and shares; who has no value yet is censored, not left out."""
    curve = kaplan_meier(_duration(start, reached.get(start.account_id), clock) for start in starts)
    window = _window(starts, reached.values(), clock)
    shares = [
        metric.of(VALUE_SHARE, curve.share_by(day) if curve.n else None, curve.n, **window)
        for day in HORIZONS
    ]
    return TimeToValue(metric.of(TIME_TO_VALUE_MEDIAN, curve.median(), curve.n, **window), *shares)


def _window(starts: Sequence[Start], reached: Iterable[MilestoneDay], clock: Clock) -> Window:
    """From the first start of the cohort to the moment asked about."""
    return {
        "window_from": clock.opening(min(s.start_on for s in starts)) if starts else None,
        "window_to": clock.as_of,
        "freshness": _newest(reached),
    }


def _newest(reached: Iterable[MilestoneDay]) -> datetime | None:
    return max((day.freshness for day in reached if day.freshness is not None), default=None)


def _duration(start: Start, reached: MilestoneDay | None, clock: Clock) -> Duration:
    if reached is not None:
        return Duration(max(0, (reached.reached_on - start.start_on).days), happened=True)
    end = min(clock.today, start.lost_on or clock.today)
    return Duration(max(0, (end - start.start_on).days), happened=False)


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """How many accounts got this far, having reached all milestones before (U18)."""

    milestone: Milestone
    accounts: int
    conversion: MetricValue
    reached: MetricValue
    drop_off: MetricValue
    days: MetricValue


def funnel(
    milestones: Sequence[Milestone],
    starts: Sequence[Start],
    reached: Mapping[UUID, Mapping[str, MilestoneDay]],
    clock: Clock,
) -> list[FunnelStep]:
    """The cohort step by step; whoever took a later step first is there once the earlier follow."""
    alive = {start.account_id: start.start_on for start in starts}
    window = _window(starts, (r for each in reached.values() for r in each.values()), clock)
    steps: list[FunnelStep] = []
    for milestone in milestones:
        before = len(alive)
        alive = {
            key: max(at, reached[key][milestone.key].reached_on)
            for key, at in alive.items()
            if key in reached and milestone.key in reached[key]
        }
        took = [(alive[s.account_id] - s.start_on).days for s in starts if s.account_id in alive]
        steps.append(_funnel_step(milestone, before, took, len(starts), window))
    return steps


def _funnel_step(
    milestone: Milestone, before: int, took: list[int], cohort: int, window: Window
) -> FunnelStep:
    return FunnelStep(
        milestone=milestone,
        accounts=len(took),
        conversion=metric.ratio(CONVERSION, len(took), before, **window),
        reached=metric.ratio(REACHED_SHARE, len(took), cohort, **window),
        drop_off=metric.count(DROP_OFF, before - len(took), **window),
        days=metric.of(STEP_DAYS, median(took) if took else None, len(took), **window),
    )

"""Where members give up on their own way over the milestones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.usage.definitions.journeys import (
    MEMBER_CONVERSION,
    MEMBER_DROP_OFF,
    MEMBER_REACHED_SHARE,
    MEMBER_STEP_DAYS,
)
from services.usage.domain.clock import Clock, Window
from services.usage.domain.value_plan import Milestone
from shared.vocabulary import metric
from shared.vocabulary.metric import MetricValue


@dataclass(frozen=True, slots=True)
class Took:
    """Members that took a milestone after all before it, of the cohort."""

    key: str
    members: int
    median_days: float | None
    cohort: int
    since: date | None
    freshness: datetime | None


@dataclass(frozen=True, slots=True)
class MemberFunnelStep:
    """How many members got this far, having done all before (U18)."""

    milestone: Milestone
    members: int
    conversion: MetricValue
    reached: MetricValue
    drop_off: MetricValue
    days: MetricValue


def own_steps(milestones: Sequence[Milestone]) -> list[Milestone]:
    """Milestones that members reach; those that no named member takes are the account's alone."""
    return [milestone for milestone in milestones if milestone.k_users > 0]


def member_funnel(
    steps: Sequence[Milestone], took: Sequence[Took], clock: Clock
) -> list[MemberFunnelStep]:
    """The cohort step by step; who took a later step first is there once the earlier follow."""
    before = [each.cohort for each in took[:1]] + [each.members for each in took]
    return [
        _step(step, each, earlier, clock)
        for step, each, earlier in zip(steps, took, before[: len(took)], strict=True)
    ]


def _step(milestone: Milestone, took: Took, before: int, clock: Clock) -> MemberFunnelStep:
    window: Window = {
        "window_from": clock.opening(took.since) if took.since else None,
        "window_to": clock.as_of,
        "freshness": took.freshness,
    }
    return MemberFunnelStep(
        milestone=milestone,
        members=took.members,
        conversion=metric.ratio(MEMBER_CONVERSION, took.members, before, **window),
        reached=metric.ratio(MEMBER_REACHED_SHARE, took.members, took.cohort, **window),
        drop_off=metric.count(MEMBER_DROP_OFF, before - took.members, **window),
        days=metric.of(MEMBER_STEP_DAYS, took.median_days, took.members, **window),
    )

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
from services.usage.domain.clock import Clock
from services.usage.domain.value_plan import Milestone
from shared.vocabulary import metric
from shared.vocabulary.metric import MetricValue, Window


@dataclass(frozen=True, slots=True)
class StepCounts:
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
    steps: Sequence[Milestone], counts: Sequence[StepCounts], clock: Clock
) -> list[MemberFunnelStep]:
    """The cohort step by step; who took a later step first is there once the earlier follow."""
    before = [each.cohort for each in counts[:1]] + [each.members for each in counts]
    return [
        _step(step, each, earlier, clock)
        for step, each, earlier in zip(steps, counts, before[: len(counts)], strict=True)
    ]


def _step(milestone: Milestone, counts: StepCounts, before: int, clock: Clock) -> MemberFunnelStep:
    window: Window = {
        "window_from": clock.opening(counts.since) if counts.since else None,
        "window_to": clock.as_of,
        "freshness": counts.freshness,
    }
    return MemberFunnelStep(
        milestone=milestone,
        members=counts.members,
        conversion=metric.ratio(MEMBER_CONVERSION, counts.members, before, **window),
        reached=metric.ratio(MEMBER_REACHED_SHARE, counts.members, counts.cohort, **window),
        drop_off=metric.count(MEMBER_DROP_OFF, before - counts.members, **window),
        days=metric.of(MEMBER_STEP_DAYS, counts.median_days, counts.members, **window),
    )

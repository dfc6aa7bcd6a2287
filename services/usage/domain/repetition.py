"""Manual work done so often that the product could do it: a suggestion with its evidence."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.usage.definitions.journeys import MANUAL_WORK
from services.usage.domain.clock import Clock
from services.usage.domain.value_plan import ManualRule
from shared.vocabulary import metric
from shared.vocabulary.metric import MetricValue


@dataclass(frozen=True, slots=True)
class RuleCounts:
    """How an account met a rule; the evidence is the busiest day or week, the latest of equals."""

    account_id: UUID
    rule: str
    members: int
    times_met: int
    member: str
    period_on: date
    events: int
    freshness: datetime | None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the product could take over, and how we know (U20)."""

    rule: ManualRule
    members: MetricValue
    times_met: int
    member: str
    period_on: date
    events: int


def suggestion(rule: ManualRule, counts: RuleCounts, clock: Clock) -> Suggestion:
    """The rule with what met it."""
    return Suggestion(
        rule=rule,
        members=metric.count(
            MANUAL_WORK,
            counts.members,
            window_from=clock.since_28,
            window_to=clock.midnight,
            freshness=counts.freshness,
        ),
        times_met=counts.times_met,
        member=counts.member,
        period_on=counts.period_on,
        events=counts.events,
    )

"""Journeys as they are shown: an account's own, and those of all."""

from datetime import date

import strawberry

from services.usage.domain import association, journeys, member_funnel
from services.usage.schema.plans import Milestone
from shared.graphql.old import MetricValue


@strawberry.type(description="A milestone on an account's way.")
class JourneyStep:
    milestone: Milestone = strawberry.field(description="As it was defined then.")
    reached_on: date | None = strawberry.field(description="The day it was reached; null: not yet.")
    due_on: date | None = strawberry.field(description="The first day on which it is overdue.")
    overdue: bool = strawberry.field(description="Not reached, and past its day.")
    change_after: MetricValue = strawberry.field(
        description="Events 28 days after it was reached against 28 days before, less 1 (U7)."
        " Below 0 is a drop."
    )
    dropped: bool = strawberry.field(description="A drop by 30 % or more.")

    @classmethod
    def of(cls, step: journeys.Step) -> "JourneyStep":
        return cls(
            milestone=Milestone.of(step.milestone),
            reached_on=step.reached_on,
            due_on=step.due_on,
            overdue=step.overdue,
            change_after=MetricValue.of(step.change_after),
            dropped=step.dropped,
        )


@strawberry.type(description="An account's way over the milestones since its first contract.")
class Journey:
    started_on: date | None = strawberry.field(description="Start of the first contract.")
    steps: list[JourneyStep] = strawberry.field(description="Every milestone, in order.")
    progress: MetricValue = strawberry.field(
        description="Weight of the required milestones reached (U9). Higher is better."
    )
    required_30: MetricValue = strawberry.field(
        name="required30", description="Share of the tasks due in 30 days done by then (U10)."
    )
    required_60: MetricValue = strawberry.field(
        name="required60", description="Share of the tasks due in 60 days done by then (U10)."
    )
    required_90: MetricValue = strawberry.field(
        name="required90", description="Share of the tasks due in 90 days done by then (U10)."
    )
    overdue: MetricValue = strawberry.field(
        description="Required milestones past their day (U10). Higher is worse."
    )
    time_to_value: MetricValue = strawberry.field(
        description="Days to first value; none before it (U11). Lower is better."
    )

    @classmethod
    def of(cls, journey: journeys.Journey) -> "Journey":
        return cls(
            started_on=journey.started_on,
            steps=[JourneyStep.of(step) for step in journey.steps],
            progress=MetricValue.of(journey.progress),
            required_30=MetricValue.of(journey.required_30),
            required_60=MetricValue.of(journey.required_60),
            required_90=MetricValue.of(journey.required_90),
            overdue=MetricValue.of(journey.overdue),
            time_to_value=MetricValue.of(journey.time_to_value),
        )


@strawberry.type(description="How long accounts take to first value, waiting ones included (U11).")
class TimeToValue:
    median_days: MetricValue = strawberry.field(
        description="Kaplan-Meier median; none until half are known to have it. Lower is better."
    )
    by_30: MetricValue = strawberry.field(name="by30", description="Share within 30 days.")
    by_60: MetricValue = strawberry.field(name="by60", description="Share within 60 days.")
    by_90: MetricValue = strawberry.field(name="by90", description="Share within 90 days.")

    @classmethod
    def of(cls, value: journeys.TimeToValue) -> "TimeToValue":
        return cls(
            median_days=MetricValue.of(value.median_days),
            by_30=MetricValue.of(value.by_30),
            by_60=MetricValue.of(value.by_60),
            by_90=MetricValue.of(value.by_90),
        )


@strawberry.type(description="How many accounts got so far, having done all before (U18).")
class FunnelStep:
    milestone: Milestone = strawberry.field(description="The step.")
    accounts: int = strawberry.field(description="Accounts that got this far.")
    conversion: MetricValue = strawberry.field(description="Of those at the step before.")
    reached: MetricValue = strawberry.field(description="Of the whole cohort.")
    drop_off: MetricValue = strawberry.field(description="Accounts that stopped before it.")
    days: MetricValue = strawberry.field(
        description="Median days from the start; completed only, so biased low."
    )

    @classmethod
    def of(cls, step: journeys.FunnelStep) -> "FunnelStep":
        return cls(
            milestone=Milestone.of(step.milestone),
            accounts=step.accounts,
            conversion=MetricValue.of(step.conversion),
            reached=MetricValue.of(step.reached),
            drop_off=MetricValue.of(step.drop_off),
            days=MetricValue.of(step.days),
        )


@strawberry.type(description="How many members got so far, having done all before (U18).")
class MemberFunnelStep:
    milestone: Milestone = strawberry.field(description="The step.")
    members: int = strawberry.field(description="Members who got this far.")
    conversion: MetricValue = strawberry.field(description="Of those at the step before.")
    reached: MetricValue = strawberry.field(description="Of the whole cohort.")
    drop_off: MetricValue = strawberry.field(description="Members who stopped before it.")
    days: MetricValue = strawberry.field(
        description="Median days from the member's start; completed only, so biased low."
    )

    @classmethod
    def of(cls, step: member_funnel.MemberFunnelStep) -> "MemberFunnelStep":
        return cls(
            milestone=Milestone.of(step.milestone),
            members=step.members,
            conversion=MetricValue.of(step.conversion),
            reached=MetricValue.of(step.reached),
            drop_off=MetricValue.of(step.drop_off),
            days=MetricValue.of(step.days),
        )


@strawberry.type(
    description="How use of a feature goes with being retained (U21): an association, adjusted for"
    " age, plan and size; not an effect."
)
class RenewalAssociation:
    feature: str = strawberry.field(description="Used at least three times in 90 days.")
    odds_ratio: MetricValue = strawberry.field(
        description="Odds of being retained with it over those without; above 1 goes with staying."
    )
    low: MetricValue = strawberry.field(description="Lower end of the 95 % interval.")
    high: MetricValue = strawberry.field(description="Upper end of the 95 % interval.")
    users: int = strawberry.field(description="Renewals of accounts that used it.")
    strata: int = strawberry.field(description="Groups of like accounts that were compared.")

    @classmethod
    def of(cls, found: association.Association) -> "RenewalAssociation":
        return cls(
            feature=found.feature,
            odds_ratio=MetricValue.of(found.odds_ratio),
            low=MetricValue.of(found.low),
            high=MetricValue.of(found.high),
            users=found.users,
            strata=found.strata,
        )

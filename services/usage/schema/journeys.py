"""Journeys as they are shown: an account's own, and those of all."""

from datetime import date

from services.usage.domain import association as association_domain
from services.usage.domain import journeys as journeys_domain
from services.usage.domain import member_funnel as member_funnel_domain
from services.usage.schema.value_plan import Milestone
from shared.graphql.showing import Shown, shown
from shared.graphql.values import MetricValue


class JourneyStep(Shown[journeys_domain.Step], description="A milestone on an account's way."):
    milestone: Milestone = shown("The milestone, as it was defined at that time.")
    reached_on: date | None = shown("The day it was reached; null if it was not reached yet.")
    due_on: date | None = shown("The first day on which it is overdue.")
    overdue: bool = shown("Whether its day has passed and it was not reached.")
    change_after: MetricValue = shown(
        "Events of the 28 days after it was reached over those of the 28 days before, less 1 (U7)."
        " Below 0 is a drop."
    )
    dropped: bool = shown("Whether use dropped by 30 % or more.")


class Journey(
    Shown[journeys_domain.Journey],
    description="An account's way over the milestones since its first contract.",
):
    started_on: date | None = shown("The day the first contract started.")
    steps: list[JourneyStep] = shown("Every milestone, in its order.")
    progress: MetricValue = shown(
        "Weight of the required milestones reached (U9). Higher is better."
    )
    required_30: MetricValue = shown(
        "Share of the tasks due within 30 days that were done by then (U10).", name="required30"
    )
    required_60: MetricValue = shown(
        "Share of the tasks due within 60 days that were done by then (U10).", name="required60"
    )
    required_90: MetricValue = shown(
        "Share of the tasks due within 90 days that were done by then (U10).", name="required90"
    )
    overdue: MetricValue = shown("Required milestones past their day (U10). Higher is worse.")
    time_to_value: MetricValue = shown(
        "Days to first value; none before it (U11). Lower is better."
    )


class TimeToValue(
    Shown[journeys_domain.TimeToValue],
    description="How long accounts take to first value, waiting ones included (U11).",
):
    median_days: MetricValue = shown(
        "Kaplan-Meier median; none until half are known to have it. Lower is better."
    )
    by_30: MetricValue = shown("Share of the accounts that have it within 30 days.", name="by30")
    by_60: MetricValue = shown("Share of the accounts that have it within 60 days.", name="by60")
    by_90: MetricValue = shown("Share of the accounts that have it within 90 days.", name="by90")


class FunnelStep(
    Shown[journeys_domain.FunnelStep],
    description="How many accounts got so far, having done all before (U18).",
):
    milestone: Milestone = shown("The milestone that this step is about.")
    accounts: int = shown("Accounts that got this far.")
    conversion: MetricValue = shown("Share of those at the step before who got this far.")
    reached: MetricValue = shown("Share of the whole cohort that got this far.")
    drop_off: MetricValue = shown("Accounts that stopped before it.")
    days: MetricValue = shown("Median days from the start; completed only, so biased low.")


class MemberFunnelStep(
    Shown[member_funnel_domain.MemberFunnelStep],
    description="How many members got so far, having done all before (U18).",
):
    milestone: Milestone = shown("The milestone that this step is about.")
    members: int = shown("Members who got this far.")
    conversion: MetricValue = shown("Share of those at the step before who got this far.")
    reached: MetricValue = shown("Share of the whole cohort that got this far.")
    drop_off: MetricValue = shown("Members who stopped before it.")
    days: MetricValue = shown("Median days from the member's start; completed only, so biased low.")


class RenewalAssociation(
    Shown[association_domain.Association],
    description="How use of a feature goes with being retained (U21): an association, adjusted for"
    " age, plan and size; not an effect.",
):
    feature: str = shown("The feature; who used it at least three times in 90 days has it.")
    odds_ratio: MetricValue = shown(
        "Odds of being retained with it over those without; above 1 goes with staying."
    )
    low: MetricValue = shown("Lower end of the 95 % interval.")
    high: MetricValue = shown("Upper end of the 95 % interval.")
    users: int = shown("Renewals of accounts that used it.")
    strata: int = shown("Groups of like accounts that were compared.")

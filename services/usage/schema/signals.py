"""Signals of adoption as they are shown."""

from enum import Enum

import strawberry

from services.usage.domain import peers as peers_domain
from services.usage.domain import signals as signals_domain
from services.usage.schema.catalogue import FeatureTier
from shared.graphql.reading import WHOLE
from shared.graphql.showing import Shown, shown
from shared.graphql.values import MetricValue


@strawberry.enum(description="Use of seats at the age of the contract (U2).")
class SeatBand(Enum):
    GREEN = strawberry.enum_value("green", description="Use is as it should be.")
    YELLOW = strawberry.enum_value("yellow", description="Use is less than it should be.")
    RED = strawberry.enum_value("red", description="Use is so low that it is a sign of trouble.")


@strawberry.enum(description="What breadth is measured against.")
class BreadthBasis(Enum):
    INTENDED_USERS = strawberry.enum_value(
        "intended_users", description="Who should use the product, as accounts says."
    )
    SEATS = strawberry.enum_value("seats", description="Purchased seats: nobody said who should.")


@strawberry.enum(description="What breadth over personas is measured against.")
class PersonaBasis(Enum):
    USE_CASES = strawberry.enum_value(
        "use_cases", description="The personas that the use cases in force name."
    )
    ROLES = strawberry.enum_value(
        "roles", description="The members' own roles: no use case names a persona."
    )


@strawberry.enum(description="The accounts that an account is compared with.")
class PeerBasis(Enum):
    AGE_AND_PLAN = strawberry.enum_value(
        "age_and_plan", description="Accounts of the same contract age and plan."
    )
    AGE = strawberry.enum_value(
        "age", description="Accounts of the same contract age: too few share the plan."
    )


class SeatUse(
    Shown[signals_domain.SeatUse],
    description="Purchased seats against who is trained and active (U2).",
):
    purchased: int | None = shown("Purchased seats; null if none are known.")
    assigned: int | None = shown("Members of the account; null if none was ever named.")
    utilisation: MetricValue = shown(
        "Share of the seats with an active member in 28 days. Higher is better."
    )
    gap: MetricValue = shown("Share of the seats without an active member. Higher is worse.")
    login_gap: MetricValue = shown("Share of the seats whose member never came. Higher is worse.")
    training_gap: MetricValue = shown(
        "Share of the seats without a trained member. Higher is worse."
    )
    trained_and_active_gap: MetricValue = shown(
        "Share of the seats without a trained and active member. Higher is worse."
    )
    overuse: MetricValue = shown("Active members beyond the seats.")
    contract_age_months: int | None = shown("Whole months since the first contract began.")
    band: SeatBand | None = shown(
        "How good utilisation is at this age; null if it is too early to say, or unknown."
    )


class Breadth(
    Shown[signals_domain.Breadth], description="How far use reaches in the organisation (U3)."
):
    organisation: MetricValue = shown("Active members over those who should be. Higher is better.")
    basis: BreadthBasis = shown("What the active members are measured against.")
    personas: MetricValue = shown(
        "Share of the intended personas with an active member. Higher is better."
    )
    persona_basis: PersonaBasis = shown("Where the intended personas come from.")
    top_share: MetricValue = shown("Share of the events by the busiest member. Higher is worse.")
    hhi: MetricValue = shown(
        "Herfindahl-Hirschman index of events over members, 0 to 1. Higher is worse."
    )


class Depth(Shown[peers_domain.Signals], description="Core features in use (U4)."):
    value: MetricValue = shown(
        "Mean share of the plan's core features an active member used in 28 days."
        " Higher is better.",
        of="adoption.depth",
    )
    thin_and_shallow: bool | None = shown(
        "Whether breadth and depth are both in the lowest quarter of the peers; null if there is"
        " nobody to compare with."
    )


class Discovery(
    Shown[signals_domain.Adoption], description="Features as members discover them (U5, U6)."
):
    new_features: MetricValue = shown(
        "Features first used in 28 days per active member. Higher is better."
    )
    level: MetricValue = shown(
        "Highest tier with three uses in 28 days: 1 basic, 2 intermediate, 3 advanced."
    )
    sticky_share: MetricValue = shown(
        "Share of the events on features that are hard to replace. Higher is better."
    )


class Intensity(
    Shown[signals_domain.Adoption], description="Use per member after the first 90 days (U8)."
):
    login_days: MetricValue = shown(
        "Login days in 28 days per active member (U1). Higher is better."
    )
    events: MetricValue = shown(
        "Events in 28 days per active member who began 90 days ago or earlier. Higher is better.",
        of="events_per_user",
    )
    days: MetricValue = shown(
        "Active days per member who began 90 days ago or earlier. Higher is better.",
        of="days_per_user",
    )


class LowUsage(
    Shown[peers_domain.LowUsage],
    description="Whether use is low for an account like this, or fell (U16).",
):
    against_peers: MetricValue = shown(
        "Active members over the peers' median; n: how many peers. Below 0.5 is low."
    )
    peers: PeerBasis | None = shown("The accounts that are its peers; null if they are too few.")
    z: MetricValue = shown("Last full week in robust deviations from the median week.")
    previous_z: MetricValue = shown("The same deviation for the week before.")
    is_low: bool | None = shown(
        "Whether use is below half of the peers' median, or z below -2 two weeks running; null if"
        " neither can be said."
    )


class FeatureAdoption(
    Shown[signals_domain.FeatureAdoption],
    description="How many members made a feature their own (U17).",
):
    key: str = shown("What events call the feature.")
    title: str = shown("What people call it.")
    tier: FeatureTier | None = shown("How far into the product it lies; null if nobody said.")
    adoption: MetricValue = shown(
        "Active members with three uses in 28 days over all active members. Higher is better."
    )


class Adoption(Shown[peers_domain.Signals], description="Signals of adoption of an account."):
    plan: str | None = shown("The account's plan, as billing tells.", of="adoption.plan")
    seats: SeatUse = shown("Purchased seats against use (U2).", of="adoption.seats")
    breadth: Breadth = shown("How far use reaches (U3).", of="adoption.breadth")
    depth: Depth = shown("How deep use goes (U4).", of=WHOLE)
    discovery: Discovery = shown("The features that members discover (U5, U6).", of="adoption")
    intensity: Intensity = shown("How much a member uses the product (U1, U8).", of="adoption")
    dau_mau_business: MetricValue = shown(
        "Stickiness on Mondays to Fridays (U14). Higher is better.",
        of="adoption.dau_mau_business",
    )
    trend_ratio: MetricValue = shown(
        "Last full week over the median week (U15). Below 1 is less than usual."
    )
    low_usage: LowUsage = shown("Use against that of peers and of the weeks before (U16).")
    features: list[FeatureAdoption] = shown(
        "Adoption of every feature the plan has or that was used, by key (U17).",
        of="adoption.features",
    )

"""Signals of adoption as they are shown."""

from enum import Enum

import strawberry

from services.usage.domain import signals
from services.usage.domain.peers import LowUsage as Low
from services.usage.domain.peers import Signals
from services.usage.schema.catalogue import FeatureTier
from shared.graphql.old import MetricValue


@strawberry.enum(description="Use of seats at the age of the contract (U2).")
class SeatBand(Enum):
    GREEN = strawberry.enum_value("green", description="As it should be.")
    YELLOW = strawberry.enum_value("yellow", description="Less than it should be.")
    RED = strawberry.enum_value("red", description="A sign of trouble.")


@strawberry.enum(description="What breadth is measured against.")
class BreadthBasis(Enum):
    INTENDED_USERS = strawberry.enum_value(
        "intended_users", description="Who should use the product, as accounts says."
    )
    SEATS = strawberry.enum_value("seats", description="Purchased seats: nobody said who should.")


@strawberry.enum(description="Whom breadth over personas is measured against.")
class PersonaBasis(Enum):
    USE_CASES = strawberry.enum_value(
        "use_cases", description="The personas that the use cases in force name."
    )
    ROLES = strawberry.enum_value(
        "roles", description="The members' own roles: no use case names a persona."
    )


@strawberry.enum(description="With whom an account is compared.")
class PeerBasis(Enum):
    AGE_AND_PLAN = strawberry.enum_value(
        "age_and_plan", description="Accounts of the same contract age and plan."
    )
    AGE = strawberry.enum_value(
        "age", description="Accounts of the same contract age: too few share the plan."
    )


@strawberry.type(description="Purchased seats against who is trained and active (U2).")
class SeatUse:
    purchased: int | None = strawberry.field(description="Seats; null when none are known.")
    assigned: int | None = strawberry.field(description="Members; null when none was ever told.")
    utilisation: MetricValue = strawberry.field(
        description="Share of the seats with an active member in 28 days. Higher is better."
    )
    gap: MetricValue = strawberry.field(
        description="Share of the seats without one, never below 0. Higher is worse."
    )
    login_gap: MetricValue = strawberry.field(
        description="Share of the seats whose member never came. Higher is worse."
    )
    training_gap: MetricValue = strawberry.field(
        description="Share of the seats without a trained member. Higher is worse."
    )
    trained_and_active_gap: MetricValue = strawberry.field(
        description="Share of the seats without a trained and active member. Higher is worse."
    )
    overuse: MetricValue = strawberry.field(description="Active members beyond the seats.")
    contract_age_months: int | None = strawberry.field(
        description="Whole months since the first contract began."
    )
    band: SeatBand | None = strawberry.field(
        description="Utilisation at this age; null when it is too early to say, or unknown."
    )

    @classmethod
    def of(cls, seats: signals.SeatUse) -> "SeatUse":
        return cls(
            purchased=seats.purchased,
            assigned=seats.assigned,
            utilisation=MetricValue.of(seats.utilisation),
            gap=MetricValue.of(seats.gap),
            login_gap=MetricValue.of(seats.login_gap),
            training_gap=MetricValue.of(seats.training_gap),
            trained_and_active_gap=MetricValue.of(seats.trained_and_active_gap),
            overuse=MetricValue.of(seats.overuse),
            contract_age_months=seats.contract_age_months,
            band=SeatBand(seats.band) if seats.band else None,
        )


@strawberry.type(description="How far use reaches in the organisation (U3).")
class Breadth:
    organisation: MetricValue = strawberry.field(
        description="Active members over those who should be. Higher is better."
    )
    basis: BreadthBasis = strawberry.field(description="Who should be.")
    personas: MetricValue = strawberry.field(
        description="Share of the intended personas with an active member. Higher is better."
    )
    persona_basis: PersonaBasis = strawberry.field(description="Which personas are intended.")
    top_share: MetricValue = strawberry.field(
        description="Share of the events by the busiest member. Higher is worse."
    )
    hhi: MetricValue = strawberry.field(
        description="Herfindahl-Hirschman index of events over members, 0 to 1. Higher is worse."
    )

    @classmethod
    def of(cls, breadth: signals.Breadth) -> "Breadth":
        return cls(
            organisation=MetricValue.of(breadth.organisation),
            basis=BreadthBasis(breadth.basis),
            personas=MetricValue.of(breadth.personas),
            persona_basis=PersonaBasis(breadth.persona_basis),
            top_share=MetricValue.of(breadth.top_share),
            hhi=MetricValue.of(breadth.hhi),
        )


@strawberry.type(description="Core features in use (U4).")
class Depth:
    value: MetricValue = strawberry.field(
        description="Mean share of the plan's core features an active member used in 28 days."
        " Higher is better."
    )
    thin_and_shallow: bool | None = strawberry.field(
        description="Breadth and depth both in the lowest quarter of the peers; null when there is"
        " nobody to compare with."
    )


@strawberry.type(description="Features as members discover them (U5, U6).")
class Discovery:
    new_features: MetricValue = strawberry.field(
        description="Features first used in 28 days per active member. Higher is better."
    )
    level: MetricValue = strawberry.field(
        description="Highest tier with three uses in 28 days: 1 basic, 2 intermediate, 3 advanced."
    )
    sticky_share: MetricValue = strawberry.field(
        description="Share of the events on features that are hard to replace. Higher is better."
    )


@strawberry.type(description="Use per member after the first 90 days (U8).")
class Intensity:
    login_days: MetricValue = strawberry.field(
        description="Login days in 28 days per active member (U1). Higher is better."
    )
    events: MetricValue = strawberry.field(
        description="Events in 28 days per active member who began 90 days ago or earlier."
        " Higher is better."
    )
    days: MetricValue = strawberry.field(
        description="Active days in 28 days per such member. Higher is better."
    )


@strawberry.type(description="Whether use is low for an account like this, or fell (U16).")
class LowUsage:
    against_peers: MetricValue = strawberry.field(
        description="Active members over the peers' median; n: how many peers. Below 0.5 is low."
    )
    peers: PeerBasis | None = strawberry.field(
        description="Who they are; null when fewer than 8 were measured."
    )
    z: MetricValue = strawberry.field(
        description="Last full week in robust deviations from the median week."
    )
    previous_z: MetricValue = strawberry.field(description="The same for the week before.")
    is_low: bool | None = strawberry.field(
        description="Below half of the peers' median, or z below -2 two weeks running; null when"
        " neither can be said."
    )

    @classmethod
    def of(cls, low: Low) -> "LowUsage":
        return cls(
            against_peers=MetricValue.of(low.against_peers),
            peers=PeerBasis(low.peers) if low.peers else None,
            z=MetricValue.of(low.z),
            previous_z=MetricValue.of(low.previous_z),
            is_low=low.is_low,
        )


@strawberry.type(description="How many members made a feature their own (U17).")
class FeatureAdoption:
    key: str = strawberry.field(description="What events call the feature.")
    title: str = strawberry.field(description="What people call it.")
    tier: FeatureTier | None = strawberry.field(description="Null while nobody described it.")
    adoption: MetricValue = strawberry.field(
        description="Active members with three uses in 28 days over all active members."
        " Higher is better."
    )

    @classmethod
    def of(cls, feature: signals.FeatureAdoption) -> "FeatureAdoption":
        return cls(
            key=feature.key,
            title=feature.title,
            tier=FeatureTier(feature.tier) if feature.tier else None,
            adoption=MetricValue.of(feature.adoption),
        )


@strawberry.type(description="Signals of adoption of an account.")
class Adoption:
    plan: str | None = strawberry.field(description="The plan it is on, as billing tells.")
    seats: SeatUse = strawberry.field(description="Purchased seats against use (U2).")
    breadth: Breadth = strawberry.field(description="How far use reaches (U3).")
    depth: Depth = strawberry.field(description="How deep it goes (U4).")
    discovery: Discovery = strawberry.field(description="What is discovered (U5, U6).")
    intensity: Intensity = strawberry.field(description="How much a member uses it (U1, U8).")
    dau_mau_business: MetricValue = strawberry.field(
        description="Stickiness on Mondays to Fridays (U14). Higher is better."
    )
    trend_ratio: MetricValue = strawberry.field(
        description="Last full week over the median week (U15). Below 1 is less than usual."
    )
    low_usage: LowUsage = strawberry.field(description="Against peers and own weeks (U16).")
    features: list[FeatureAdoption] = strawberry.field(
        description="Adoption of every feature the plan has or that was used, by key (U17)."
    )

    @classmethod
    def of(cls, seen: Signals) -> "Adoption":
        own = seen.adoption
        return cls(
            plan=own.plan,
            seats=SeatUse.of(own.seats),
            breadth=Breadth.of(own.breadth),
            depth=Depth(value=MetricValue.of(own.depth), thin_and_shallow=seen.thin_and_shallow),
            discovery=Discovery(
                new_features=MetricValue.of(own.new_features),
                level=MetricValue.of(own.level),
                sticky_share=MetricValue.of(own.sticky_share),
            ),
            intensity=Intensity(
                login_days=MetricValue.of(own.login_days),
                events=MetricValue.of(own.events_per_user),
                days=MetricValue.of(own.days_per_user),
            ),
            dau_mau_business=MetricValue.of(own.dau_mau_business),
            trend_ratio=MetricValue.of(seen.trend_ratio),
            low_usage=LowUsage.of(seen.low_usage),
            features=[FeatureAdoption.of(feature) for feature in own.features],
        )

"""The feature catalogue as it is shown and changed."""

from datetime import datetime
from enum import Enum

import strawberry

from services.usage.domain import catalogue
from shared.graphql.old import UserError


@strawberry.enum(description="How far into the product a feature lies.")
class FeatureTier(Enum):
    BASIC = strawberry.enum_value("basic", description="Used from the first day.")
    INTERMEDIATE = strawberry.enum_value("intermediate", description="Used once at home.")
    ADVANCED = strawberry.enum_value("advanced", description="Used by those who know it well.")


@strawberry.type(description="Something members can use: described here, seen in events, or both.")
class Feature:
    key: str = strawberry.field(description="What events call it.")
    title: str = strawberry.field(description="What people call it; the key while nobody said.")
    catalogued: bool = strawberry.field(
        description="False: seen in events, but nobody described it yet."
    )
    tier: FeatureTier | None = strawberry.field(description="Null while it is not catalogued.")
    sticky: bool = strawberry.field(description="Hard to replace once in use (U6).")
    core: bool = strawberry.field(description="Part of what the product is for (U4).")
    plans: list[str] = strawberry.field(description="Plans that have it; empty: all.")
    milestone: str | None = strawberry.field(description="The milestone that its use belongs to.")
    persona: str | None = strawberry.field(description="Whom it is made for.")
    qualifying: bool = strawberry.field(
        description="Whether its use makes a member active; a page view may not."
    )
    first_seen_at: datetime | None = strawberry.field(
        description="When its first event was recorded; null before."
    )
    recorded_at: datetime | None = strawberry.field(
        description="When it was last described; null while nobody did."
    )

    @classmethod
    def of(cls, feature: catalogue.Feature) -> "Feature":
        return cls(
            key=feature.key,
            title=feature.title,
            catalogued=feature.catalogued,
            tier=FeatureTier(feature.tier) if feature.tier else None,
            sticky=feature.sticky,
            core=feature.core,
            plans=feature.plans,
            milestone=feature.milestone,
            persona=feature.persona,
            qualifying=feature.qualifying,
            first_seen_at=feature.first_seen_at,
            recorded_at=feature.recorded_at,
        )


@strawberry.input(description="A feature as it is from now on: what is left out is unset.")
class FeatureUpsertInput:
    key: str = strawberry.field(description="What events call it, 1 to 200 characters.")
    title: str | None = strawberry.field(default=None, description="What people call it.")
    tier: FeatureTier = strawberry.field(
        default=FeatureTier.BASIC, description="How far into the product it lies."
    )
    sticky: bool = strawberry.field(default=False, description="Hard to replace once in use.")
    core: bool = strawberry.field(default=False, description="Part of what the product is for.")
    plans: list[str] = strawberry.field(
        default_factory=list, description="Plans that have it; empty: all."
    )
    milestone: str | None = strawberry.field(default=None, description="Its milestone.")
    persona: str | None = strawberry.field(default=None, description="Whom it is made for.")
    qualifying: bool = strawberry.field(
        default=True, description="Whether its use makes a member active."
    )


@strawberry.type(description="What became of a featureUpsert.")
class FeaturePayload:
    feature: Feature | None = strawberry.field(description="The feature as it is kept.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing was kept; else empty.")

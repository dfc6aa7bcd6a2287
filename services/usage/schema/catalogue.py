"""The feature catalogue as it is shown."""

from datetime import datetime
from enum import Enum

import strawberry

from services.usage.domain import catalogue as catalogue_domain
from shared.graphql.showing import Shown, shown


@strawberry.enum(description="How far into the product a feature lies.")
class FeatureTier(Enum):
    BASIC = strawberry.enum_value("basic", description="Used from the first day.")
    INTERMEDIATE = strawberry.enum_value("intermediate", description="Used once at home.")
    ADVANCED = strawberry.enum_value("advanced", description="Used by those who know it well.")


class Feature(
    Shown[catalogue_domain.Feature],
    description="Something members can use: described here, seen in events, or both.",
):
    key: str = shown("What events call it.")
    title: str = shown("What people call it; the key while nobody said.")
    catalogued: bool = shown("False: seen in events, but nobody described it yet.")
    tier: FeatureTier | None = shown("Null while it is not catalogued.")
    sticky: bool = shown("Hard to replace once in use (U6).")
    core: bool = shown("Part of what the product is for (U4).")
    plans: list[str] = shown("Plans that have it; empty: all.")
    milestone: str | None = shown("The milestone that its use belongs to.")
    persona: str | None = shown("Whom it is made for.")
    qualifying: bool = shown("Whether its use makes a member active; a page view may not.")
    first_seen_at: datetime | None = shown("When its first event was recorded; null before.")
    recorded_at: datetime | None = shown("When it was last described; null while nobody did.")

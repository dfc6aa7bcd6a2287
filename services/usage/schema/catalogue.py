"""The feature catalogue as it is shown."""

from datetime import datetime
from enum import Enum

import strawberry

from services.usage.domain import catalogue as catalogue_domain
from shared.graphql.showing import Shown, shown


@strawberry.enum(description="How far into the product a feature lies.")
class FeatureTier(Enum):
    BASIC = strawberry.enum_value("basic", description="Used from the first day.")
    INTERMEDIATE = strawberry.enum_value(
        "intermediate", description="Used once a member knows the basics."
    )
    ADVANCED = strawberry.enum_value(
        "advanced", description="Used by those who know the product well."
    )


class Feature(
    Shown[catalogue_domain.Feature],
    description="Something members can use: described here, seen in events, or both.",
):
    key: str = shown("What events call it.")
    title: str = shown("What people call it; the key until somebody gives it a title.")
    catalogued: bool = shown("Whether somebody described it; false if it was only seen in events.")
    tier: FeatureTier | None = shown("How far into the product it lies; null if nobody said.")
    sticky: bool = shown("Whether it is hard to replace once it is in use (U6).")
    core: bool = shown("Whether it is part of what the product is for (U4).")
    plans: list[str] = shown("The plans that have it; every plan if the list is empty.")
    milestone: str | None = shown("The milestone it belongs to.")
    persona: str | None = shown("Whom it is made for.")
    qualifying: bool = shown("Whether its use makes a member active; a page view may not.")
    first_seen_at: datetime | None = shown("When its first event was recorded; null before that.")
    recorded_at: datetime | None = shown("When it was last described; null if nobody described it.")

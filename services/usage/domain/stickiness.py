"""Stickiness over a window of the caller's choice."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.usage.definitions.adoption import BUSINESS_DAU_MAU, DAU_MAU
from services.usage.definitions.journeys import BUSINESS_DAU_MAU_30, DAU_MAU_30
from shared.vocabulary.metric import MetricValue, Window, ratio

DEFINED = {28: (DAU_MAU, BUSINESS_DAU_MAU), 30: (DAU_MAU_30, BUSINESS_DAU_MAU_30)}
"""What is served, by the days of the window."""


@dataclass(frozen=True, slots=True)
class Stickiness:
    """U14 by calendar days and by Mondays to Fridays."""

    calendar: MetricValue
    business: MetricValue


@dataclass(frozen=True, slots=True)
class Visits:
    """Days with a qualifying event summed over members, and how many members those are."""

    account_id: UUID
    window_days: int
    midnight: datetime
    since: datetime
    business_day_count: int
    days: int
    members: int
    business_days: int
    business_members: int
    freshness: datetime | None

    def stickiness(self) -> Stickiness:
        """Mean daily members over distinct members."""
        calendar, business = DEFINED[self.window_days]
        days = self.days / self.window_days
        business_days = self.business_days / self.business_day_count
        window = Window(window_from=self.since, window_to=self.midnight, freshness=self.freshness)
        return Stickiness(
            calendar=ratio(calendar, days, self.members, **window),
            business=ratio(business, business_days, self.business_members, **window),
        )

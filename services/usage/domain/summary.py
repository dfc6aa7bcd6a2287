"""The first look at an account's use: counts of 28 days and the trend of 30 weeks."""

import math
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.usage.definitions import adoption
from shared.vocabulary import metric
from shared.vocabulary.metric import MetricValue, Window, count, ratio

MIN_WEEKS = 8
"""U15: fewer full weeks say nothing about a trend."""


@dataclass(frozen=True, slots=True)
class WeekOfUse:
    """Seven whole days in the tenant's zone."""

    start_at: datetime
    events: int


@dataclass(frozen=True, slots=True)
class UsageSummary:
    """How an account uses the product, as known at `as_of`."""

    account_id: UUID
    as_of: datetime
    events_28: MetricValue
    active_members_28: MetricValue
    regular_members_28: MetricValue
    features_used_28: MetricValue
    dau_mau: MetricValue
    weekly_trend: MetricValue
    last_event_at: datetime | None
    weeks: list[WeekOfUse]


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted of one account; `since_28` opens 28 days of which the last may still run,
    `whole_since_28` 28 days that are over at `midnight`, `weeks_since` the full weeks before it."""

    account_id: UUID
    as_of: datetime
    midnight: datetime
    since_28: datetime
    whole_since_28: datetime
    weeks_since: datetime
    events: int
    features: int
    active: int
    regular: int
    users: int
    monthly: int
    member_days: int
    weekly: list[int]
    week_starts: list[datetime]
    last_event_at: datetime | None
    freshness: datetime | None

    def summary(self) -> UsageSummary:
        """The metrics these counts make."""
        month = Window(window_from=self.since_28, window_to=self.as_of, freshness=self.freshness)
        return UsageSummary(
            account_id=self.account_id,
            as_of=self.as_of,
            events_28=count(adoption.EVENTS, self.events, **month),
            active_members_28=count(adoption.ACTIVE_MEMBERS, self.active, **month),
            regular_members_28=ratio(adoption.REGULAR_SHARE, self.regular, self.users, **month),
            features_used_28=count(adoption.FEATURES_USED, self.features, **month),
            dau_mau=self._dau_mau(),
            weekly_trend=self._trend(),
            last_event_at=self.last_event_at,
            weeks=[WeekOfUse(*week) for week in zip(self.week_starts, self.weekly, strict=True)],
        )

    def _dau_mau(self) -> MetricValue:
        """U14 by calendar days: mean daily members over distinct members, 28 whole days."""
        return ratio(
            adoption.DAU_MAU,
            self.member_days / 28,
            self.monthly,
            window_from=self.whole_since_28,
            window_to=self.midnight,
            freshness=self.freshness,
        )

    def _trend(self) -> MetricValue:
        """U15: slope per week of log1p(events) over the last full weeks, at most 30."""
        return metric.of(
            adoption.TREND,
            slope([math.log1p(events) for events in self.weekly]),
            len(self.weekly),
            window_from=self.weeks_since,
            window_to=self.midnight,
            freshness=self.freshness,
        )


def slope(values: list[float]) -> float | None:
    """Least-squares slope per step; None for fewer than eight values."""
    n = len(values)
    if n < MIN_WEEKS:
        return None
    middle = (n - 1) / 2
    return sum((x - middle) * y for x, y in enumerate(values)) / (n * (n * n - 1) / 12)

"""Sessions: what a member did without a break of half an hour."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.usage.domain.clock import Clock
from services.usage.journey_definitions import (
    DAYS_PER_USER,
    EVENTS_PER_USER,
    MINUTES_PER_USER,
    SESSIONS_PER_USER,
)
from shared import metric
from shared.definition import Definition
from shared.metric import MetricValue

IDLE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Session:
    """From a member's first event to the last before a break; one event has no length."""

    start_at: datetime
    end_at: datetime
    events: int

    @property
    def seconds(self) -> float:
        return (self.end_at - self.start_at).total_seconds()


def sessions(moments: Iterable[datetime]) -> list[Session]:
    """A member's events as sessions, oldest first; a break of exactly 30 minutes ends one."""
    found: list[Session] = []
    for moment in sorted(moments):
        last = found[-1] if found else None
        if last is not None and moment - last.end_at < IDLE:
            found[-1] = Session(last.start_at, moment, last.events + 1)
        else:
            found.append(Session(moment, moment, 1))
    return found


@dataclass(frozen=True, slots=True)
class TimeSpent:
    """Use per active user over 28 whole days (U8)."""

    account_id: UUID
    events: MetricValue
    active_days: MetricValue
    active_minutes: MetricValue
    sessions: MetricValue


@dataclass(frozen=True, slots=True)
class Spent:
    """What was counted of an account: days from the roll-up, sessions from the events."""

    account_id: UUID
    members: int
    events: int
    member_days: int
    session_members: int
    sessions: int
    seconds: float
    freshness: datetime | None

    def per_user(self, clock: Clock) -> TimeSpent:
        """The counts per active user; sessions only where every event is still kept."""
        by_session = self.session_members if clock.has_month_of_events else 0
        return TimeSpent(
            account_id=self.account_id,
            events=self._ratio(clock, EVENTS_PER_USER, self.events, self.members),
            active_days=self._ratio(clock, DAYS_PER_USER, self.member_days, self.members),
            active_minutes=self._ratio(clock, MINUTES_PER_USER, self.seconds / 60, by_session),
            sessions=self._ratio(clock, SESSIONS_PER_USER, self.sessions, by_session),
        )

    def _ratio(
        self, clock: Clock, definition: Definition, numerator: float, members: int
    ) -> MetricValue:
        return metric.ratio(
            definition,
            numerator,
            members,
            window_from=clock.since_28,
            window_to=clock.midnight,
            freshness=self.freshness,
        )

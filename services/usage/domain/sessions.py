"""Sessions: what a member did without a break of half an hour."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.usage.definitions.journeys import MINUTES_PER_USER, SESSIONS_PER_USER
from services.usage.domain.clock import Clock
from shared.vocabulary import metric
from shared.vocabulary.metric import MetricValue, Window

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
    whole: list[Session] = []
    for moment in sorted(moments):
        last = whole[-1] if whole else None
        if last is not None and moment - last.end_at < IDLE:
            whole[-1] = Session(last.start_at, moment, last.events + 1)
        else:
            whole.append(Session(moment, moment, 1))
    return whole


@dataclass(frozen=True, slots=True)
class TimeSpent:
    """Time per active user over 28 whole days (U8)."""

    account_id: UUID
    active_minutes: MetricValue
    sessions: MetricValue


@dataclass(frozen=True, slots=True)
class SessionCounts:
    """What was counted of an account."""

    account_id: UUID
    members: int
    sessions: int
    seconds: float
    freshness: datetime | None

    def per_user(self, clock: Clock) -> TimeSpent:
        """The counts per active user; nothing where some of the events are no longer kept."""
        members = self.members if clock.has_month_of_events else 0
        window = Window(
            window_from=clock.back(28), window_to=clock.back(0), freshness=self.freshness
        )
        return TimeSpent(
            account_id=self.account_id,
            active_minutes=metric.ratio(MINUTES_PER_USER, self.seconds / 60, members, **window),
            sessions=metric.ratio(SESSIONS_PER_USER, self.sessions, members, **window),
        )

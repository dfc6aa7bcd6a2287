"""The moment that is asked about, in the tenant's days."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Clock:
    """`as_of` and the day it lies in.

    Where single events are no longer kept, `as_of` is the midnight that opens the day asked for:
    of older days only what was known at their end is left. `raw_since` is when events begin.
    """

    as_of: datetime
    zone: str
    today: date
    midnight: datetime
    since_28: datetime
    since_180: datetime
    raw_since: datetime | None

    @property
    def has_month_of_events(self) -> bool:
        """Whether the events of the last 28 days are kept one by one."""
        return self.raw_since is None or self.raw_since <= self.since_28

    def back(self, days: int) -> datetime:
        """The midnight that opens the day so many days before."""
        return self.opening(self.today - timedelta(days=days))

    def opening(self, day: date) -> datetime:
        """The midnight that opens a day in the tenant's zone.

        The first of two where clocks are put back over it; the database would take the second.
        """
        return datetime.combine(day, time.min, ZoneInfo(self.zone)).astimezone(UTC)

"""How long events are kept one by one, and what is left of them afterwards."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.vocabulary.errors import InvalidInput

MIN_RAW_DAYS = 62
MAX_RAW_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class Retention:
    """Events are kept so many days (None: for ever); those since `raw_since` are there.

    Roll-ups stay for ever.
    """

    raw_days: int | None = None
    raw_since: datetime | None = None

    def check(self) -> None:
        """InvalidInput where the signals over two months of events would be cut short."""
        if self.raw_days is not None and not MIN_RAW_DAYS <= self.raw_days <= MAX_RAW_DAYS:
            allowed = f"{MIN_RAW_DAYS} to {MAX_RAW_DAYS} days, or null to keep everything"
            raise InvalidInput("rawDays", self.raw_days, allowed)


@dataclass(frozen=True, slots=True)
class RawEvent:
    """An event as it is kept; `key` is its 16 bytes in hexadecimal, `properties` JSON."""

    key: str
    account_id: UUID
    member: str | None
    feature: str
    quantity: float
    occurred_at: datetime
    recorded_at: datetime
    properties: str | None

"""What usage knows: events, facts, and the numbers they make."""

from services.usage.domain.events import (
    AHEAD_MOST,
    EARLIEST,
    LATE_AFTER,
    Address,
    Event,
    EventRow,
    ExternalId,
    Name,
    Stored,
    Waiting,
    event,
    receipt,
)
from services.usage.domain.facts import (
    AccountName,
    AccountNamed,
    ContractChanged,
    UsageRecorded,
)
from services.usage.domain.summary import (
    WEEKS_LEAST,
    Counts,
    UsageSummary,
    WeekOfUse,
    slope,
)

__all__ = [
    "AHEAD_MOST",
    "EARLIEST",
    "LATE_AFTER",
    "WEEKS_LEAST",
    "AccountName",
    "AccountNamed",
    "Address",
    "ContractChanged",
    "Counts",
    "Event",
    "EventRow",
    "ExternalId",
    "Name",
    "Stored",
    "UsageRecorded",
    "UsageSummary",
    "Waiting",
    "WeekOfUse",
    "event",
    "receipt",
    "slope",
]

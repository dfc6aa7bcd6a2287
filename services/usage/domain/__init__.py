"""What usage knows: events, facts, and the numbers they make."""

from services.usage.domain.events import (
    AHEAD_MOST,
    EARLIEST,
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
from services.usage.domain.late import LatePolicy
from services.usage.domain.rejected import Refused, Rejected, refused
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
    "WEEKS_LEAST",
    "AccountName",
    "AccountNamed",
    "Address",
    "ContractChanged",
    "Counts",
    "Event",
    "EventRow",
    "ExternalId",
    "LatePolicy",
    "Name",
    "Refused",
    "Rejected",
    "Stored",
    "UsageRecorded",
    "UsageSummary",
    "Waiting",
    "WeekOfUse",
    "event",
    "receipt",
    "refused",
    "slope",
]

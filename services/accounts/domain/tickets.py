"""What a customer asks of support."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shared.vocabulary.metric import MetricValue


class Severity(StrEnum):
    """How much a ticket hurts; high and urgent count as high severity."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class TicketClass(StrEnum):
    """What a ticket is about (definition F1)."""

    LOGIN = "login"
    HOW_TO_BASIC = "how_to_basic"
    HOW_TO_ADVANCED = "how_to_advanced"
    BUG = "bug"
    BILLING = "billing"


@dataclass(frozen=True, slots=True)
class SupportSummary:
    """Tickets of an account up to a moment (definitions F1 and F3)."""

    account_id: UUID
    as_of: datetime
    tickets_28d: MetricValue
    tickets_90d: MetricValue
    open_high_severity: MetricValue
    replied_within_24h: MetricValue
    first_reply_median_s: MetricValue


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a ticket has waited for its first reply; `answered` is false while it still does."""

    seconds: float
    answered: bool


def median_wait_s(waits: list[Wait]) -> float | None:
    """Kaplan–Meier median, so that tickets still waiting count; None while most do."""
    waiting, left = 1.0, len(waits)
    for wait in sorted(waits, key=lambda wait: (wait.seconds, not wait.answered)):
        if wait.answered:
            waiting *= 1 - 1 / left
            if waiting <= 0.5 + 1e-12:
                return wait.seconds
        left -= 1
    return None


@dataclass(frozen=True, slots=True)
class SupportChanged:
    """Tickets of the account were opened or changed."""

    account_id: UUID

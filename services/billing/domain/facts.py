"""The facts that billing sends to other services."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A version of a plan line, as other services receive it."""

    id: str
    plan: str
    quantity: int
    started_at: datetime
    ended_at: datetime | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class BillingChanged:
    """Something about the account's billing was recorded; `lines`: the plan lines among it."""

    account_id: UUID
    lines: list[PlanLine]

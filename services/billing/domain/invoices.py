"""Invoices as they stand."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from shared.vocabulary.money import Money


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice; `days_overdue` counts whole days after the due date, 0 before and once paid."""

    id: str
    account_id: UUID
    amount: Money
    issued_at: datetime
    due_on: date
    paid_at: datetime | None
    days_overdue: int

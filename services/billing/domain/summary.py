"""An account's billing at a moment."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.vocabulary.metric import MetricValue
from shared.vocabulary.money import Money


@dataclass(frozen=True, slots=True)
class BillingSummary:
    """An account's billing at `as_of`; `mrr` is None with no line ever, or several currencies."""

    account_id: UUID
    as_of: datetime
    mrr: Money | None
    mrr_by_currency: list[Money]
    plan: str | None
    quantity: int
    amount_due: list[Money]
    amount_overdue: list[Money]
    invoices_overdue: MetricValue
    payment_failures_90: MetricValue
    last_payment_at: datetime | None
    payment_method: str | None

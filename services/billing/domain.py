"""What billing knows: rows, money per month, and the state of what is owed."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from msgspec import Meta

from shared.intake.rows import Row
from shared.vocabulary.errors import InvalidInput
from shared.vocabulary.metric import MetricValue
from shared.vocabulary.moments import Moment
from shared.vocabulary.money import Money

Interval: TypeAlias = Literal["week", "month", "quarter", "year"]
Id: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]
Label: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100)]
Currency: TypeAlias = Annotated[str, Meta(pattern="^[A-Z]{3}$")]
Cents: TypeAlias = Annotated[int, Meta(ge=0, le=10**10)]

MILLION = 1_000_000
PER_MONTH: dict[Interval, tuple[int, int]] = {
    "week": (52, 12),
    "month": (1, 1),
    "quarter": (1, 3),
    "year": (1, 12),
}
"""How much of one interval's price falls on a month, as a fraction (definition B1)."""


class SubscriptionRow(Row, kw_only=True):
    """One plan line of an account; `discount_share` recurs as long as the line does."""

    id: Id
    account_id: str
    plan: Label
    quantity: Annotated[int, Meta(ge=0, le=MILLION)]
    unit_price_cents: Cents
    interval: Interval
    currency: Currency
    started_at: Moment
    discount_share: Annotated[float, Meta(ge=0, le=1)] = 0.0
    ended_at: Moment | None = None


class InvoiceRow(Row, kw_only=True):
    """An invoice as it stands; `paid_at` is set once it was paid in full."""

    id: Id
    account_id: str
    amount_cents: Cents
    currency: Currency
    issued_at: Moment
    due_on: date
    paid_at: Moment | None = None


class PaymentRow(Row, kw_only=True):
    """One attempt to collect an invoice."""

    id: Id
    invoice_id: Id
    account_id: str
    attempted_at: Moment
    succeeded: bool
    decline_code: Label | None = None


class PaymentMethodRow(Row, kw_only=True):
    """How an account pays from a moment on."""

    account_id: str
    method: Label
    valid_from: Moment


@dataclass(frozen=True, slots=True)
class Subscription:
    """A plan line; `mrr` is what it brings per month while it runs."""

    id: str
    account_id: UUID
    plan: str
    quantity: int
    unit_price: Money
    interval: Interval
    discount_share: float
    mrr: Money
    started_at: datetime
    ended_at: datetime | None


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


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A version of a plan line, as others are told of it."""

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


def millionths(share: float) -> int:
    """A share in whole millionths: as fine as a discount is kept."""
    return round(share * MILLION)


def mrr_cents(
    quantity: int, unit_price_cents: int, interval: Interval, discount_share: float = 0.0
) -> int:
    """Monthly recurring revenue of one line (definition B1), whole cents.

    Price of all units, as a share of a month, less the discount: computed exactly and rounded once,
    half up. An account's MRR is the sum of its lines' rounded amounts, so that lines add up.
    """
    times, months = PER_MONTH[interval]
    exact = quantity * unit_price_cents * times * (MILLION - millionths(discount_share))
    whole = months * MILLION
    return (2 * exact + whole) // (2 * whole)


def checked_subscription(row: SubscriptionRow) -> None:
    """InvalidInput when the line ends before it starts."""
    if row.ended_at is not None and row.ended_at < row.started_at:
        raise InvalidInput("endedAt", row.ended_at.isoformat(), "a moment not before startedAt")


def checked_payment(row: PaymentRow) -> None:
    """InvalidInput for an attempt that still lies ahead, or a success that was declined."""
    if row.recorded_at is not None and row.attempted_at > row.recorded_at:
        raise InvalidInput(
            "attemptedAt", row.attempted_at.isoformat(), "a moment not after it was recorded"
        )
    if row.succeeded and row.decline_code is not None:
        raise InvalidInput("declineCode", row.decline_code, "nothing where succeeded is true")

"""The rows that may be sent to billing, and what must hold within one."""

from datetime import UTC, date
from typing import Annotated, TypeAlias

from msgspec import Meta

from services.billing.domain.subscriptions import MILLION, Interval
from shared.intake.of_account import OfAccount
from shared.vocabulary.errors import InvalidInput
from shared.vocabulary.moments import Moment
from shared.vocabulary.money import Currency

Id: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]
Label: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100)]
Cents: TypeAlias = Annotated[int, Meta(ge=0, le=10**10)]


class SubscriptionRow(OfAccount, kw_only=True):
    """One plan line of an account; `discount_share` recurs as long as the line does."""

    id: Id
    account_id: str | None = None
    plan: Label
    quantity: Annotated[int, Meta(ge=0, le=MILLION)]
    unit_price_cents: Cents
    interval: Interval
    currency: Currency
    started_at: Moment
    discount_share: Annotated[float, Meta(ge=0, le=1)] = 0.0
    ended_at: Moment | None = None


class InvoiceRow(OfAccount, kw_only=True):
    """An invoice as it stands; `paid_at` is set once it was paid in full."""

    id: Id
    account_id: str | None = None
    amount_cents: Cents
    currency: Currency
    issued_at: Moment
    due_on: date
    paid_at: Moment | None = None


class PaymentRow(OfAccount, kw_only=True):
    """One attempt to collect an invoice."""

    id: Id
    invoice_id: Id
    account_id: str | None = None
    attempted_at: Moment
    succeeded: bool
    decline_code: Label | None = None


class PaymentMethodRow(OfAccount, kw_only=True):
    """How an account pays from a moment on."""

    account_id: str | None = None
    method: Label
    valid_from: Moment


def check(row: SubscriptionRow | InvoiceRow | PaymentRow | PaymentMethodRow) -> None:
    """InvalidInput names the first field that is wrong.

    The account and the currency are written the same way from here on, so that the digest of the
    row is, too.
    """
    match row:
        case SubscriptionRow():
            row.currency = row.currency.upper()
            _check_subscription(row)
        case InvoiceRow():
            row.currency = row.currency.upper()
        case PaymentRow():
            _check_payment(row)
        case PaymentMethodRow():
            pass
    row.account_id = str(row.account)


def _check_subscription(row: SubscriptionRow) -> None:
    if row.ended_at is not None and row.ended_at < row.started_at:
        raise InvalidInput("endedAt", row.ended_at.isoformat(), "a moment not before startedAt")


def _check_payment(row: PaymentRow) -> None:
    if row.recorded_at is not None and row.attempted_at > row.recorded_at:
        raise InvalidInput(
            "attemptedAt", row.attempted_at.isoformat(), "a moment not after it was recorded"
        )
    if row.succeeded and row.decline_code is not None:
        raise InvalidInput("declineCode", row.decline_code, "nothing where succeeded is true")


def identity_of_method(row: PaymentMethodRow) -> str:
    """A way of paying has no id of its own: it is known by its account and its first moment."""
    return f"{row.account_id}@{row.valid_from.astimezone(UTC).isoformat()}"

"""What billing does: takes rows, keeps what is new, and says which accounts it concerns."""

from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Any, TypeVar
from uuid import UUID

from services.billing import store
from services.billing.domain import (
    BillingChanged,
    Invoice,
    InvoiceRow,
    PaymentMethodRow,
    PaymentRow,
    PlanLine,
    Subscription,
    SubscriptionRow,
    checked_payment,
    checked_subscription,
)
from services.billing.store import Book
from shared.intake.rows import Kind, Numbered, Receipt, Row, alone, refused
from shared.intake.versions import Candidate, Version, candidate, sorted_out
from shared.platform.auth import Principal
from shared.platform.db import Conn
from shared.process import facts
from shared.vocabulary.errors import InvalidInput
from shared.vocabulary.ids import account_key

R = TypeVar("R", bound=Row)


async def take_subscriptions(
    conn: Conn, principal: Principal, rows: list[Numbered[SubscriptionRow]]
) -> list[Receipt]:
    """Plan lines; another body under a known id is a new version."""
    return await _take(conn, store.SUBSCRIPTIONS, rows, _subscription)


async def take_invoices(
    conn: Conn, principal: Principal, rows: list[Numbered[InvoiceRow]]
) -> list[Receipt]:
    """Invoices; sent again with `paidAt` once they are paid."""
    return await _take(conn, store.INVOICES, rows, _invoice)


async def take_payments(
    conn: Conn, principal: Principal, rows: list[Numbered[PaymentRow]]
) -> list[Receipt]:
    """Attempts to collect; they happened, so another body under a known id is a conflict."""
    return await _take(conn, store.PAYMENTS, rows, _payment)


async def take_payment_methods(
    conn: Conn, principal: Principal, rows: list[Numbered[PaymentMethodRow]]
) -> list[Receipt]:
    """Ways of paying, each from a moment on."""
    return await _take(conn, store.PAYMENT_METHODS, rows, _payment_method)


SUBSCRIPTIONS = Kind("subscriptions", SubscriptionRow, take_subscriptions)
INVOICES = Kind("invoices", InvoiceRow, take_invoices)
PAYMENTS = Kind("payments", PaymentRow, take_payments)
PAYMENT_METHODS = Kind("payment-methods", PaymentMethodRow, take_payment_methods)


async def subscription_upsert(
    conn: Conn, row: dict[str, Any], principal: Principal
) -> Subscription:
    """One plan line, taken as the bulk route takes it."""
    row_id = await alone(conn, principal, SUBSCRIPTIONS, row)
    return (await store.subscriptions(conn, [row_id]))[row_id]


async def invoice_upsert(conn: Conn, row: dict[str, Any], principal: Principal) -> Invoice:
    """One invoice, taken as the bulk route takes it."""
    row_id = await alone(conn, principal, INVOICES, row)
    return (await store.invoices(conn, [row_id]))[row_id]


async def _take(
    conn: Conn, book: Book, rows: Sequence[Numbered[R]], read: Callable[[R], tuple[str, UUID]]
) -> list[Receipt]:
    candidates, bad = _candidates(rows, read)
    if not candidates:
        return bad
    await store.hold(conn, book)
    known = await store.known(conn, book, [one.version.id for one in candidates])
    fresh, receipts = sorted_out(candidates, known, corrections=book.corrections)
    if fresh:
        await store.add(conn, book, fresh)
        await facts.emit_all(conn, _changes(fresh))
    return bad + receipts


def _changes(fresh: Sequence[Candidate[Any]]) -> list[tuple[UUID, BillingChanged]]:
    changes: dict[UUID, BillingChanged] = {}
    for one in fresh:
        account = one.version.owner
        change = changes.setdefault(account, BillingChanged(account, []))
        if isinstance(one.row, SubscriptionRow):
            change.lines.append(_line(one.row, one.version))
    return list(changes.items())


def _line(row: SubscriptionRow, version: Version) -> PlanLine:
    known = version.recorded_at
    return PlanLine(row.id, row.plan, row.quantity, row.started_at, row.ended_at, known)


def _candidates(
    rows: Sequence[Numbered[R]], read: Callable[[R], tuple[str, UUID]]
) -> tuple[list[Candidate[R]], list[Receipt]]:
    good: list[Candidate[R]] = []
    bad: list[Receipt] = []
    for numbered in rows:
        try:
            row_id, account_id = read(numbered.row)
            good.append(candidate(numbered.number, numbered.row, row_id, account_id))
        except InvalidInput as error:
            bad.append(refused(numbered, error))
    return good, bad


def _account(row: SubscriptionRow | InvoiceRow | PaymentRow | PaymentMethodRow) -> UUID:
    """The row's account, written the same way from here on, so that its digest is too."""
    key = account_key(row.account_id)
    row.account_id = str(key)
    return key


def _subscription(row: SubscriptionRow) -> tuple[str, UUID]:
    checked_subscription(row)
    return row.id, _account(row)


def _invoice(row: InvoiceRow) -> tuple[str, UUID]:
    return row.id, _account(row)


def _payment(row: PaymentRow) -> tuple[str, UUID]:
    checked_payment(row)
    return row.id, _account(row)


def _payment_method(row: PaymentMethodRow) -> tuple[str, UUID]:
    account_id = _account(row)
    return f"{account_id}@{row.valid_from.astimezone(UTC).isoformat()}", account_id

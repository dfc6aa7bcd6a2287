"""What billing shows of invoices, plan lines, and an account's billing at a moment."""

from datetime import date, datetime
from enum import Enum

import strawberry

from services.billing.domain import invoices as invoices_domain
from services.billing.domain import subscriptions as subscriptions_domain
from services.billing.domain import summary as summary_domain
from services.billing.store import invoices as invoices_store
from shared.graphql.fields import answered
from shared.graphql.paging import Connection
from shared.graphql.showing import Shown, shown
from shared.graphql.values import MetricValue, Money


@strawberry.enum(description="How often a plan line is billed.")
class BillingInterval(Enum):
    WEEK = strawberry.enum_value("week", description="Every seven days; a month has 52/12 of them.")
    MONTH = strawberry.enum_value("month", description="Every month.")
    QUARTER = strawberry.enum_value("quarter", description="Every three months.")
    YEAR = strawberry.enum_value("year", description="Every twelve months.")


class Invoice(Shown[invoices_domain.Invoice], description="An invoice as it stands."):
    source_id: str = shown("The id the billing system gave it.", of="id")
    amount: Money = shown("The amount to be paid.")
    issued_at: datetime = shown("When it was issued.")
    due_on: date = shown("The last day to pay in time.")
    paid_at: datetime | None = shown("When it was paid in full; null before that.")
    days_overdue: int = shown(
        "Whole days past the due date; 0 if paid or not due. Higher is worse."
    )


class PlanSubscription(
    Shown[subscriptions_domain.Subscription],
    description="One plan line of an account (not a subscription to events).",
):
    source_id: str = shown("The id the billing system gave it.", of="id")
    plan: str = shown("Name of the plan.")
    quantity: int = shown("Units sold, e.g. seats.")
    unit_price: Money = shown("List price of one unit for one interval.")
    interval: BillingInterval = shown("How often it is billed.")
    discount_share: float = shown("Recurring discount, 0 to 1.")
    mrr: Money = shown("Recurring revenue per month, after the discount (definition B1).")
    started_at: datetime = shown("The moment from which it is billed.")
    ended_at: datetime | None = shown("The moment until which it is billed; null if open.")


class BillingSummary(
    Shown[summary_domain.BillingSummary], description="An account's billing at a moment."
):
    as_of: datetime = shown("The moment it speaks of.")
    mrr: Money | None = shown(
        "Recurring revenue per month after discounts (definition B1); null when none was ever"
        " known, or in several currencies (see mrrByCurrency)."
    )
    mrr_by_currency: list[Money] = shown(
        "Monthly recurring revenue by currency, the largest first."
    )
    plan: str | None = shown("The running plan that brings the most revenue; null if none.")
    quantity: int = shown("Units sold on running plan lines, e.g. seats.")
    amount_due: list[Money] = shown("Unpaid amounts per currency, including what is overdue.")
    amount_overdue: list[Money] = shown("Amounts past the due date, per currency. Higher is worse.")
    invoices_overdue: MetricValue = shown("Invoices past due (definition B21). Higher is worse.")
    payment_failures90: MetricValue = shown(
        "Failed attempts to collect in 90 days (definition B20); n counts all attempts."
        " Higher is worse.",
        of="payment_failures_90",
    )
    last_payment_at: datetime | None = shown("When a payment last succeeded; null if none did.")
    payment_method: str | None = shown("How the account pays; null if unknown.")
    invoices_due: Connection[Invoice] | None = answered(
        invoices_store.invoices_due,
        "Issued invoices not paid yet, the earliest due date first.",
        key="account_id",
        at="as_of",
    )

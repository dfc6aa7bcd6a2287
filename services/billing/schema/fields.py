"""What billing shows: an account's money per month, what it owes, and how it pays."""

from datetime import date, datetime
from enum import Enum
from uuid import UUID

import strawberry
from strawberry.types import Info

from services.billing.domain import invoices as invoices_domain
from services.billing.domain import subscriptions as subscriptions_domain
from services.billing.domain import summary as summary_domain
from services.billing.store import invoices as invoices_store
from services.billing.store import summary as summary_store
from shared.graphql.context import (
    After,
    AsOf,
    Connection,
    Context,
    First,
    MetricValue,
    Money,
    Part,
    connection,
)


@strawberry.enum(description="How often a plan line is billed.")
class BillingInterval(Enum):
    WEEK = strawberry.enum_value("week", description="Every seven days; 52/12 of it a month.")
    MONTH = strawberry.enum_value("month", description="Every month.")
    QUARTER = strawberry.enum_value("quarter", description="Every three months.")
    YEAR = strawberry.enum_value("year", description="Every twelve months.")


@strawberry.type(description="An invoice as it stands.")
class Invoice:
    source_id: str = strawberry.field(description="The id the billing system gave it.")
    amount: Money = strawberry.field(description="What it asks for.")
    issued_at: datetime = strawberry.field(description="When it was issued.")
    due_on: date = strawberry.field(description="The last day to pay in time.")
    paid_at: datetime | None = strawberry.field(
        description="When it was paid in full; null before."
    )
    days_overdue: int = strawberry.field(
        description="Whole days since the due date; 0 in time and once paid. Higher is worse."
    )

    @classmethod
    def of(cls, invoice: invoices_domain.Invoice) -> "Invoice":
        return cls(
            source_id=invoice.id,
            amount=Money.of(invoice.amount),
            issued_at=invoice.issued_at,
            due_on=invoice.due_on,
            paid_at=invoice.paid_at,
            days_overdue=invoice.days_overdue,
        )


@strawberry.type(description="One plan line of an account (not a subscription to events).")
class PlanSubscription:
    source_id: str = strawberry.field(description="The id the billing system gave it.")
    plan: str = strawberry.field(description="Name of the plan.")
    quantity: int = strawberry.field(description="Units sold, e.g. seats.")
    unit_price: Money = strawberry.field(description="List price of one unit for one interval.")
    interval: BillingInterval = strawberry.field(description="How often it is billed.")
    discount_share: float = strawberry.field(description="Recurring discount, 0 to 1.")
    mrr: Money = strawberry.field(description="Per month, after discount (definition B1).")
    started_at: datetime = strawberry.field(description="From when it is billed.")
    ended_at: datetime | None = strawberry.field(description="Until when; null while it goes on.")

    @classmethod
    def of(cls, line: subscriptions_domain.Subscription) -> "PlanSubscription":
        return cls(
            source_id=line.id,
            plan=line.plan,
            quantity=line.quantity,
            unit_price=Money.of(line.unit_price),
            interval=BillingInterval(line.interval),
            discount_share=line.discount_share,
            mrr=Money.of(line.mrr),
            started_at=line.started_at,
            ended_at=line.ended_at,
        )


@strawberry.type(description="An account's billing at a moment.")
class BillingSummary:
    key: strawberry.Private[UUID]
    as_of: datetime = strawberry.field(description="The moment it speaks of.")
    mrr: Money | None = strawberry.field(
        description="Recurring revenue per month after discounts (definition B1); null when none"
        " was ever known, or in several currencies (see mrrByCurrency)."
    )
    mrr_by_currency: list[Money] = strawberry.field(
        description="Recurring revenue per month in each currency, the largest first."
    )
    plan: str | None = strawberry.field(
        description="The running plan that brings most; null if none."
    )
    quantity: int = strawberry.field(description="Units sold on running plan lines, e.g. seats.")
    amount_due: list[Money] = strawberry.field(
        description="Issued and not paid, per currency; includes what is overdue."
    )
    amount_overdue: list[Money] = strawberry.field(
        description="Not paid by the due date, per currency. Higher is worse."
    )
    invoices_overdue: MetricValue = strawberry.field(
        description="Invoices a day or more past due (definition B21). Higher is worse."
    )
    payment_failures90: MetricValue = strawberry.field(
        description="Failed attempts to collect in 90 days (definition B20); n counts all attempts."
        " Higher is worse."
    )
    last_payment_at: datetime | None = strawberry.field(
        description="The last success; null if none."
    )
    payment_method: str | None = strawberry.field(
        description="How the account pays; null if unknown."
    )

    @strawberry.field(description="Issued invoices not paid yet, the earliest due date first.")
    async def invoices_due(
        self, info: Info[Context, None], first: First = 25, after: After = None
    ) -> Connection[Invoice] | None:
        page = await info.context.page(
            invoices_store.invoices_due, self.key, as_of=self.as_of, first=first, after=after
        )
        nodes = [Invoice.of(invoice) for invoice in page.items]
        return connection(page, nodes, continued=after is not None)

    @classmethod
    def of(cls, summary: summary_domain.BillingSummary) -> "BillingSummary":
        return cls(
            key=summary.account_id,
            as_of=summary.as_of,
            mrr=Money.of(summary.mrr) if summary.mrr else None,
            mrr_by_currency=[Money.of(amount) for amount in summary.mrr_by_currency],
            plan=summary.plan,
            quantity=summary.quantity,
            amount_due=[Money.of(amount) for amount in summary.amount_due],
            amount_overdue=[Money.of(amount) for amount in summary.amount_overdue],
            invoices_overdue=MetricValue.of(summary.invoices_overdue),
            payment_failures90=MetricValue.of(summary.payment_failures_90),
            last_payment_at=summary.last_payment_at,
            payment_method=summary.payment_method,
        )


@strawberry.type
class AccountFields(Part):
    """What billing tells of an account."""

    @strawberry.field(description="Recurring revenue, what is owed and how it is paid.")
    async def billing(self, info: Info[Context, None], as_of: AsOf = None) -> BillingSummary | None:
        summary = await info.context.load(
            summary_store.summary, self.key, as_of=as_of or self.as_of
        )
        if summary is None:
            raise LookupError("store.summary answers for every account")
        return BillingSummary.of(summary)

"""What billing takes one by one through the graph."""

from datetime import date, datetime
from typing import Annotated, Any

import strawberry
from strawberry.types import Info
from strawberry.utils.str_converters import to_camel_case

from services.billing.actions import invoices as invoices_actions
from services.billing.actions import subscriptions as subscriptions_actions
from services.billing.schema.fields import BillingInterval, Invoice, PlanSubscription
from shared.graphql.context import Context, UserError, WideInt, attempted

Account = Annotated["Account", strawberry.lazy("graph.schema")]


@strawberry.input(description="A plan line as the billing system knows it now.")
class SubscriptionUpsertInput:
    id: str = strawberry.field(description="The id the billing system gave it.")
    account_id: strawberry.ID = strawberry.field(description="The account, by this API's id.")
    plan: str = strawberry.field(description="Name of the plan.")
    quantity: int = strawberry.field(description="Units sold, 0 or more.")
    unit_price_cents: WideInt = strawberry.field(
        description="Price of a unit and interval, minor units."
    )
    interval: BillingInterval = strawberry.field(description="How often it is billed.")
    currency: str = strawberry.field(description="ISO 4217 code.")
    started_at: datetime = strawberry.field(description="From when it is billed.")
    discount_share: float = strawberry.field(description="Recurring discount, 0 to 1.", default=0.0)
    ended_at: datetime | None = strawberry.field(description="Until when.", default=None)


@strawberry.input(description="An invoice as the billing system knows it now.")
class InvoiceUpsertInput:
    id: str = strawberry.field(description="The id the billing system gave it.")
    account_id: strawberry.ID = strawberry.field(description="The account, by this API's id.")
    amount_cents: WideInt = strawberry.field(description="What it asks for, minor units.")
    currency: str = strawberry.field(description="ISO 4217 code.")
    issued_at: datetime = strawberry.field(description="When it was issued.")
    due_on: date = strawberry.field(description="The last day to pay in time.")
    paid_at: datetime | None = strawberry.field(
        description="When it was paid in full.", default=None
    )


@strawberry.type(description="What became of a subscriptionUpsert.")
class SubscriptionPayload:
    subscription: PlanSubscription | None = strawberry.field(description="The line as it is kept.")
    account: Account | None = strawberry.field(description="The account it belongs to.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing was kept; else empty.")


@strawberry.type(description="What became of an invoiceUpsert.")
class InvoicePayload:
    invoice: Invoice | None = strawberry.field(description="The invoice as it is kept.")
    account: Account | None = strawberry.field(description="The account it belongs to.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing was kept; else empty.")


@strawberry.type
class Mutation:
    """What billing takes one by one; for many there is POST /v1/subscriptions and /v1/invoices."""

    @strawberry.mutation(description="Keep a plan line; the same id with other values corrects it.")
    async def subscription_upsert(
        self,
        info: Info[Context, None],
        input: Annotated[
            SubscriptionUpsertInput, strawberry.argument(description="The line as it is now.")
        ],
    ) -> SubscriptionPayload:
        call = info.context.call(subscriptions_actions.subscription_upsert, _row(input))
        line, errors = await attempted(call)
        info.context.forget()
        if line is None:
            return SubscriptionPayload(subscription=None, account=None, user_errors=errors)
        return SubscriptionPayload(
            subscription=PlanSubscription.of(line),
            account=info.context.object("Account", line.account_id),
            user_errors=[],
        )

    @strawberry.mutation(description="Keep an invoice; send it again with paidAt once it is paid.")
    async def invoice_upsert(
        self,
        info: Info[Context, None],
        input: Annotated[
            InvoiceUpsertInput, strawberry.argument(description="The invoice as it is now.")
        ],
    ) -> InvoicePayload:
        invoice, errors = await attempted(
            info.context.call(invoices_actions.invoice_upsert, _row(input))
        )
        info.context.forget()
        if invoice is None:
            return InvoicePayload(invoice=None, account=None, user_errors=errors)
        return InvoicePayload(
            invoice=Invoice.of(invoice),
            account=info.context.object("Account", invoice.account_id),
            user_errors=[],
        )


def _row(given: SubscriptionUpsertInput | InvoiceUpsertInput) -> dict[str, Any]:
    """The row that the bulk route would take; what is null was not given."""
    values = {to_camel_case(name): value for name, value in vars(given).items()}
    if isinstance(given, SubscriptionUpsertInput):
        values["interval"] = given.interval.value
    return {name: value for name, value in values.items() if value is not None}

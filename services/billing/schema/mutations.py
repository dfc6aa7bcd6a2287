"""What billing takes one by one; for many there is POST /v1/subscriptions and /v1/invoices."""

from datetime import date, datetime

import strawberry

from services.billing.actions import invoices as invoices_actions
from services.billing.actions import subscriptions as subscriptions_actions
from services.billing.domain import invoices as invoices_domain
from services.billing.domain import subscriptions as subscriptions_domain
from services.billing.schema.values import BillingInterval, Invoice, PlanSubscription
from shared.graphql.fields import called
from shared.graphql.inputs import AccountNameInput, account_id, account_name, entry, optional
from shared.graphql.objects import Account
from shared.graphql.payloads import Payload, UserError, one_row
from shared.graphql.reading import WHOLE
from shared.graphql.scalars import WideInt
from shared.graphql.showing import shown


@strawberry.input(description="A plan line as the billing system knows it now.")
class SubscriptionUpsertInput:
    id: str = entry("The id the billing system gave it.")
    account_id: strawberry.ID | None = account_id()
    external_id: AccountNameInput | None = account_name()
    plan: str = entry("Name of the plan.")
    quantity: int = entry("Units sold, 0 or more.")
    unit_price_cents: WideInt = entry("Price of one unit for one interval, in minor units.")
    interval: BillingInterval = entry("How often it is billed.")
    currency: str = entry("ISO 4217 code.")
    started_at: datetime = entry("The moment from which it is billed.")
    discount_share: float = entry("Recurring discount, 0 to 1.", default=0.0)
    ended_at: datetime | None = optional("The moment until which it is billed; open if omitted.")


@strawberry.input(description="An invoice as the billing system knows it now.")
class InvoiceUpsertInput:
    id: str = entry("The id the billing system gave it.")
    account_id: strawberry.ID | None = account_id()
    external_id: AccountNameInput | None = account_name()
    amount_cents: WideInt = entry("The amount to be paid, in minor units.")
    currency: str = entry("ISO 4217 code.")
    issued_at: datetime = entry("When it was issued.")
    due_on: date = entry("The last day to pay in time.")
    paid_at: datetime | None = optional("When it was paid in full.")


class SubscriptionPayload(
    Payload[subscriptions_domain.Subscription], description="The result of subscriptionUpsert."
):
    subscription: PlanSubscription | None = shown("The plan line as it is stored.", of=WHOLE)
    account: Account | None = shown("The account it belongs to.", of="account_id")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused, if it was.")


class InvoicePayload(Payload[invoices_domain.Invoice], description="The result of invoiceUpsert."):
    invoice: Invoice | None = shown("The invoice as it is stored.", of=WHOLE)
    account: Account | None = shown("The account it belongs to.", of="account_id")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused, if it was.")


@strawberry.type
class Mutation:
    subscription_upsert: SubscriptionPayload = called(
        subscriptions_actions.subscription_upsert,
        "Save a plan line; the same id with other values corrects it.",
        takes=one_row(SubscriptionUpsertInput, "The plan line as it is now."),
    )
    invoice_upsert: InvoicePayload = called(
        invoices_actions.invoice_upsert,
        "Save an invoice; send it again with paidAt after it is paid.",
        takes=one_row(InvoiceUpsertInput, "The invoice as it is now."),
    )

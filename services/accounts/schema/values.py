"""What the fields of an account hold: names, contracts, stages, support in numbers."""

from datetime import date, datetime

import strawberry

from services.accounts.domain import accounts as accounts_domain
from services.accounts.domain import contracts as contracts_domain
from services.accounts.domain import tickets as tickets_domain
from shared.graphql.enums import shown_enum
from shared.graphql.objects import Node
from shared.graphql.showing import Shown, shown
from shared.graphql.values import MetricValue, Money
from shared.vocabulary import money

shown_enum(
    contracts_domain.LifecycleStage,
    "Where an account stands in its life as a customer (definition A8).",
    ONBOARDING="It is within 90 days of its first contract, or before it.",
    ADOPTION="It is under contract, and the renewal is more than 90 days away.",
    RENEWAL_WINDOW="The renewal is at most 90 days away.",
    CHURNED="All its contracts have ended.",
)
shown_enum(
    contracts_domain.Outcome,
    "What became of a contract at its renewal (definition A1).",
    as_type="ContractOutcome",
    PENDING="It is not decided yet.",
    RENEWED="It was renewed at the same price.",
    CONTRACTED="It was renewed for less.",
    EXPANDED="It was renewed for more.",
    LOST="It was not renewed.",
)
shown_enum(
    contracts_domain.EndReason,
    "Why a contract ended.",
    VOLUNTARY="The customer left.",
    INVOLUNTARY="The payment could not be collected.",
)


class ExternalId(
    Shown[accounts_domain.ExternalId], description="The name another system gives an account."
):
    source: str = shown("The other system, e.g. crm.")
    id: str = shown("The account's id there.", of="external_id")


def _price(contract: contracts_domain.Contract) -> money.Money | None:
    if contract.mrr_cents is None or contract.currency is None:
        return None
    return money.Money(contract.mrr_cents, contract.currency)


class Contract(Shown[contracts_domain.Contract], Node, description="What an account signed."):
    id: strawberry.ID = shown("Opaque, the same for ever.")
    external_id: str | None = shown("Its number in another system; null if there is none.")
    start_on: date = shown("First day.")
    end_on: date | None = shown("First day after the agreed term; null if none was agreed.")
    renewal_on: date | None = shown(
        "The next day on which it is renewed or lost (definition A1); null after it has ended and"
        " while it is overdue."
    )
    ended_on: date | None = shown("First day that it no longer covers; null if no end is known.")
    outcome: contracts_domain.Outcome = shown("What became of it at its end.")
    end_reason: contracts_domain.EndReason | None = shown(
        "Why it was lost; null if it is not lost, or if no reason is known."
    )
    term_months: int = shown("Length of a term, months.")
    auto_renew: bool = shown("Whether it is renewed unless somebody cancels it.")
    notice_days: int | None = shown("Days of notice before the renewal; null if unknown.")
    seats: int | None = shown("How many seats were signed for; null if unknown.")
    mrr: Money | None = shown("Recurring revenue per month as signed; null if unknown.", by=_price)


class SupportSummary(
    Shown[tickets_domain.SupportSummary],
    description="An account's requests for support up to a moment, in numbers.",
):
    as_of: datetime = shown("The moment it speaks of.")
    tickets_28d: MetricValue = shown(
        "Tickets opened in the last 28 days (definition F1).", name="tickets28Days"
    )
    tickets_90d: MetricValue = shown(
        "Tickets opened in the last 90 days (definition F1).", name="tickets90Days"
    )
    open_high_severity: MetricValue = shown(
        "Tickets of high or urgent severity that are not resolved yet. Higher is worse."
    )
    replied_within_24h: MetricValue = shown(
        "Share of the tickets of 90 days, at least a day old, that were answered within 24 hours"
        " (definition F3). Higher is better.",
        name="repliedWithin24Hours",
    )
    first_reply_median_s: MetricValue = shown(
        "Median wait for the first reply over 90 days, in seconds; tickets that still wait count"
        " (Kaplan–Meier, definition F3). Higher is worse.",
        name="firstReplyMedianSeconds",
    )

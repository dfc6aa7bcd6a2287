"""What the fields of an account hold: names, contracts, stages, support in numbers."""

from datetime import date, datetime
from enum import Enum

import strawberry

from services.accounts import domain
from shared.graphql.old import MetricValue, Money, Node, WideInt, global_id


@strawberry.enum(description="Where an account stands in its life as a customer (definition A8).")
class LifecycleStage(Enum):
    ONBOARDING = strawberry.enum_value(
        "onboarding", description="Within 90 days of its first contract, or before it."
    )
    ADOPTION = strawberry.enum_value("adoption", description="Under contract, renewal far away.")
    RENEWAL_WINDOW = strawberry.enum_value(
        "renewal_window", description="The renewal is at most 90 days away."
    )
    CHURNED = strawberry.enum_value("churned", description="All its contracts have ended.")


@strawberry.enum(description="What became of a contract at its renewal (definition A1).")
class ContractOutcome(Enum):
    PENDING = strawberry.enum_value("pending", description="Not decided yet.")
    RENEWED = strawberry.enum_value("renewed", description="Went on at the same price.")
    CONTRACTED = strawberry.enum_value("contracted", description="Went on for less.")
    EXPANDED = strawberry.enum_value("expanded", description="Went on for more.")
    LOST = strawberry.enum_value("lost", description="Did not go on.")


@strawberry.enum(description="Why a contract ended.")
class EndReason(Enum):
    VOLUNTARY = strawberry.enum_value("voluntary", description="The customer left.")
    INVOLUNTARY = strawberry.enum_value(
        "involuntary", description="The payment could not be collected."
    )


@strawberry.enum(description="How a list of accounts is sorted.")
class AccountOrder(Enum):
    NAME = strawberry.enum_value("name", description="By name, upper and lower case alike.")
    CREATED = strawberry.enum_value("created", description="The newest customers first.")
    ID = strawberry.enum_value("id", description="By id: an order that never changes.")


@strawberry.type(description="The name another system gives an account.")
class ExternalId:
    source: str = strawberry.field(description="The other system, e.g. crm.")
    id: str = strawberry.field(description="The account's id there.")


@strawberry.type(description="What an account signed, start to end.")
class Contract(Node):
    external_id: str | None = strawberry.field(description="Its number elsewhere; null if none.")
    start_on: date = strawberry.field(description="First day.")
    end_on: date | None = strawberry.field(
        description="First day after the agreed term; null if none was agreed."
    )
    renewal_on: date | None = strawberry.field(
        description="The next day on which it is renewed or lost (definition A1); null once it"
        " ended or while it is overdue."
    )
    ended_on: date | None = strawberry.field(
        description="First day no longer covered, once that is known; null while it goes on."
    )
    outcome: ContractOutcome = strawberry.field(description="What became of it at its end.")
    end_reason: EndReason | None = strawberry.field(
        description="Why it was lost; null while it is not, and where nobody said."
    )
    term_months: int = strawberry.field(description="Length of a term, months.")
    auto_renew: bool = strawberry.field(description="Whether it goes on if nobody objects.")
    notice_days: int | None = strawberry.field(
        description="How many days before the renewal it must be cancelled; null if unknown."
    )
    seats: int | None = strawberry.field(description="Seats signed for; null if unknown.")
    mrr: Money | None = strawberry.field(
        description="Recurring revenue per month as signed; null if unknown."
    )

    @classmethod
    def of(cls, contract: domain.Contract) -> "Contract":
        has_price = contract.mrr_cents is not None and contract.currency is not None
        return cls(
            id=global_id("Contract", contract.id),
            external_id=contract.external_id,
            start_on=contract.start_on,
            end_on=contract.end_on,
            renewal_on=contract.renewal_on,
            ended_on=contract.ended_on,
            outcome=ContractOutcome(contract.outcome.value),
            end_reason=EndReason(contract.end_reason.value) if contract.end_reason else None,
            term_months=contract.term_months,
            auto_renew=contract.auto_renew,
            notice_days=contract.notice_days,
            seats=contract.seats,
            mrr=Money(cents=WideInt(contract.mrr_cents or 0), currency=contract.currency or "")
            if has_price
            else None,
        )


@strawberry.type(description="What an account asked of support, up to a moment.")
class SupportSummary:
    as_of: datetime = strawberry.field(description="The moment it speaks of.")
    tickets_28d: MetricValue = strawberry.field(
        name="tickets28Days", description="Tickets opened in the last 28 days (definition F1)."
    )
    tickets_90d: MetricValue = strawberry.field(
        name="tickets90Days", description="Tickets opened in the last 90 days (definition F1)."
    )
    open_high_severity: MetricValue = strawberry.field(
        description="Tickets of high or urgent severity not resolved yet. Higher is worse."
    )
    replied_within_24h: MetricValue = strawberry.field(
        name="repliedWithin24Hours",
        description="Share of the tickets of 90 days, at least a day old, that were answered"
        " within 24 hours (definition F3). Higher is better.",
    )
    first_reply_median_s: MetricValue = strawberry.field(
        name="firstReplyMedianSeconds",
        description="Median wait for the first reply over 90 days, seconds; tickets still waiting"
        " count (Kaplan–Meier, definition F3). Higher is worse.",
    )

    @classmethod
    def of(cls, summary: domain.SupportSummary) -> "SupportSummary":
        return cls(
            as_of=summary.as_of,
            tickets_28d=MetricValue.of(summary.tickets_28d),
            tickets_90d=MetricValue.of(summary.tickets_90d),
            open_high_severity=MetricValue.of(summary.open_high_severity),
            replied_within_24h=MetricValue.of(summary.replied_within_24h),
            first_reply_median_s=MetricValue.of(summary.first_reply_median_s),
        )

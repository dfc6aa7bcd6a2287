"""What usage shows: the summary of an account's use, and events that wait for their account."""

from datetime import datetime

import strawberry
from strawberry import Info

from services.usage import store
from services.usage.domain import UsageSummary as Summary
from services.usage.domain import Waiting
from shared.errors import NotFound
from shared.graphql import After, AsOf, Connection, Context, First, MetricValue, Part, connection


@strawberry.type(description="Seven whole days of use.")
class WeekOfUse:
    start_at: datetime = strawberry.field(
        description="Midnight that opens the week, in the tenant's time zone."
    )
    events: int = strawberry.field(description="Usage events in the week.")


@strawberry.type(
    description="How an account uses the product. Days are the tenant's; 28 days include today."
)
class UsageSummary:
    as_of: datetime = strawberry.field(description="Only what was recorded until then is counted.")
    events_28: MetricValue = strawberry.field(
        name="events28", description="Usage events in 28 days. Higher is better."
    )
    active_members_28: MetricValue = strawberry.field(
        name="activeMembers28",
        description="Members with at least one event in 28 days (U1). Higher is better.",
    )
    regular_members_28: MetricValue = strawberry.field(
        name="regularMembers28",
        description="Share of the active members who came in each of the last four weeks (U1)."
        " Higher is better.",
    )
    features_used_28: MetricValue = strawberry.field(
        name="featuresUsed28",
        description="Different features used in 28 days. Higher is better.",
    )
    dau_mau: MetricValue = strawberry.field(
        description="Stickiness (U14): mean daily members over distinct members, 28 whole days."
        " Higher is better."
    )
    seat_gap: MetricValue = strawberry.field(
        description="Share of the purchased seats nobody used in 28 days (U2). Higher is worse."
    )
    weekly_trend: MetricValue = strawberry.field(
        description="Slope per week of log(1 + events) over up to 30 full weeks, at least 8 (U15)."
        " Above 0 is growth."
    )
    last_event_at: datetime | None = strawberry.field(
        description="When the newest event happened; null before the first."
    )
    weeks: list[WeekOfUse] = strawberry.field(
        description="Events of up to 30 full weeks since the first event, oldest first."
    )

    @classmethod
    def of(cls, summary: Summary) -> "UsageSummary":
        return cls(
            as_of=summary.as_of,
            events_28=MetricValue.of(summary.events_28),
            active_members_28=MetricValue.of(summary.active_members_28),
            regular_members_28=MetricValue.of(summary.regular_members_28),
            features_used_28=MetricValue.of(summary.features_used_28),
            dau_mau=MetricValue.of(summary.dau_mau),
            seat_gap=MetricValue.of(summary.seat_gap),
            weekly_trend=MetricValue.of(summary.weekly_trend),
            last_event_at=summary.last_event_at,
            weeks=[WeekOfUse(start_at=w.start_at, events=w.events) for w in summary.weeks],
        )


@strawberry.type
class AccountFields(Part):
    """What usage tells of an account."""

    @strawberry.field(description="How the account uses the product.")
    async def usage(self, info: Info[Context, None], as_of: AsOf = None) -> UsageSummary | None:
        summary = await info.context.load(store.summary, self.key, as_of=as_of or self.as_of)
        if summary is None:
            raise NotFound(f"there is no account {self.key}")
        return UsageSummary.of(summary)


@strawberry.type(description="An event that is kept, but counts only once its account is known.")
class PendingEvent:
    event_id: str = strawberry.field(description="The event's id, as it was sent.")
    feature: str = strawberry.field(description="What was used.")
    account_id: str | None = strawberry.field(
        description="The account named by the event, if by its id."
    )
    external_source: str | None = strawberry.field(
        description="The system whose name of the account was used."
    )
    external_id: str | None = strawberry.field(description="The account's name in that system.")
    occurred_at: datetime = strawberry.field(description="When it happened.")
    received_at: datetime = strawberry.field(description="When it was received.")

    @classmethod
    def of(cls, waiting: Waiting) -> "PendingEvent":
        return cls(
            event_id=waiting.event_id,
            feature=waiting.feature,
            account_id=str(waiting.account_id) if waiting.account_id else None,
            external_source=waiting.external_source,
            external_id=waiting.external_id,
            occurred_at=waiting.occurred_at,
            received_at=waiting.received_at,
        )


@strawberry.type
class Query:
    @strawberry.field(description="Events whose account is not known yet, oldest first.")
    async def pending_events(
        self, info: Info[Context, None], first: First = 25, after: After = None
    ) -> Connection[PendingEvent] | None:
        info.context.principal.require("read")
        page = await info.context.call(store.pending, first, after)
        return connection(page, [PendingEvent.of(w) for w in page.items], continued=bool(after))

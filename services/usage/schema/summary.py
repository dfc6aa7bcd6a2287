"""What usage shows of an account at first sight."""

from datetime import datetime

import strawberry
from strawberry import Info

from services.usage.domain.peers import Signals
from services.usage.domain.peers import signals as put_together
from services.usage.domain.summary import UsageSummary as Summary
from services.usage.schema.journey_fields import JourneyFields
from services.usage.schema.signals import Adoption
from services.usage.store import signals
from shared.graphql.old import Context, MetricValue
from shared.vocabulary.errors import NotFound


@strawberry.type(description="Seven whole days of use.")
class WeekOfUse:
    start_at: datetime = strawberry.field(
        description="Midnight that opens the week, in the tenant's time zone."
    )
    events: int = strawberry.field(description="Usage events in the week.")


@strawberry.type(
    description="How an account uses the product. Days are the tenant's; 28 days include today."
)
class UsageSummary(JourneyFields):
    summary: strawberry.Private[Summary]
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
        description="Share of all users who came in each of the last four weeks (U1)."
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

    @strawberry.field(
        description="Share of the purchased seats nobody used in 28 days (U2). Higher is worse."
    )
    async def seat_gap(self, info: Info[Context, None]) -> MetricValue:
        return MetricValue.of((await self._signals(info)).adoption.seats.gap)

    @strawberry.field(description="Every signal of adoption, against peers where that says more.")
    async def adoption(self, info: Info[Context, None]) -> Adoption:
        return Adoption.of(await self._signals(info))

    async def _signals(self, info: Info[Context, None]) -> Signals:
        found = await info.context.load(signals.signals, self.key, as_of=self.moment)
        if found is None:
            raise NotFound(f"there is no account {self.key}")
        return put_together(self.summary, found)

    @classmethod
    def of(cls, summary: Summary, moment: datetime | None) -> "UsageSummary":
        return cls(
            key=summary.account_id,
            summary=summary,
            moment=moment,
            as_of=summary.as_of,
            events_28=MetricValue.of(summary.events_28),
            active_members_28=MetricValue.of(summary.active_members_28),
            regular_members_28=MetricValue.of(summary.regular_members_28),
            features_used_28=MetricValue.of(summary.features_used_28),
            dau_mau=MetricValue.of(summary.dau_mau),
            weekly_trend=MetricValue.of(summary.weekly_trend),
            last_event_at=summary.last_event_at,
            weeks=[WeekOfUse(start_at=w.start_at, events=w.events) for w in summary.weeks],
        )

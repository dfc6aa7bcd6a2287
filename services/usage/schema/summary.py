"""How an account uses the product, and what is asked for beside it."""

from datetime import datetime
from typing import Annotated

import strawberry

from services.usage.domain import peers as peers_domain
from services.usage.domain import stickiness as stickiness_domain
from services.usage.domain import summary as summary_domain
from services.usage.schema.habits import AutomationSuggestion, Habit, TimeSpent
from services.usage.schema.journeys import Journey
from services.usage.schema.signals import Adoption
from services.usage.store import habits as habits_store
from services.usage.store import journeys as journeys_store
from services.usage.store import sessions as sessions_store
from services.usage.store import signals as signals_store
from services.usage.store import stickiness as stickiness_store
from shared.graphql.fields import Arguments, Request, answered, missing
from shared.graphql.showing import Shown, shown
from shared.graphql.values import MetricValue
from shared.vocabulary.errors import NotFound


class Stickiness(
    Shown[stickiness_domain.Stickiness],
    description="Mean daily members over distinct members (U14). Higher is better.",
):
    calendar: MetricValue = shown("Over all days of the window.")
    business: MetricValue = shown("Over the Mondays to Fridays of the window.")


class WeekOfUse(Shown[summary_domain.WeekOfUse], description="Seven whole days of use."):
    start_at: datetime = shown("Midnight that opens the week, in the tenant's time zone.")
    events: int = shown("Usage events in the week.")


def _window(
    days: Annotated[
        int, strawberry.argument(description="Whole days of the window: 28 or 30.")
    ] = 28,
) -> Arguments:
    return {"days": days}


class UsageSummary(
    Shown[summary_domain.UsageSummary],
    description="How an account uses the product. Days are the tenant's; 28 days include today.",
):
    time_spent: TimeSpent = answered(
        sessions_store.time_spent,
        "Time that members spend in the product.",
        key="account_id",
        absent=missing("account"),
    )
    stickiness: Stickiness = answered(
        stickiness_store.stickiness,
        "Stickiness, DAU/MAU (U14).",
        key="account_id",
        takes=_window,
        absent=missing("account"),
    )
    habits: list[Habit] = answered(
        habits_store.habits, "Habits, one a use case in force.", key="account_id"
    )
    automation_suggestions: list[AutomationSuggestion] = answered(
        habits_store.suggestions,
        "Repeated manual work that the product could take over.",
        key="account_id",
    )
    journey: Journey = answered(
        journeys_store.journeys,
        "The account's way over the milestones to value.",
        key="account_id",
        absent=missing("account"),
    )
    as_of: datetime = shown("Only what was recorded until then is counted.")
    events_28: MetricValue = shown("Usage events in 28 days. Higher is better.", name="events28")
    active_members_28: MetricValue = shown(
        "Members with at least one event in 28 days (U1). Higher is better.",
        name="activeMembers28",
    )
    regular_members_28: MetricValue = shown(
        "Share of all users who came in each of the last four weeks (U1). Higher is better.",
        name="regularMembers28",
    )
    features_used_28: MetricValue = shown(
        "Different features used in 28 days. Higher is better.", name="featuresUsed28"
    )
    dau_mau: MetricValue = shown(
        "Stickiness (U14): mean daily members over distinct members, 28 whole days."
        " Higher is better."
    )
    weekly_trend: MetricValue = shown(
        "Slope per week of log(1 + events) over up to 30 full weeks, at least 8 (U15)."
        " Above 0 is growth."
    )
    last_event_at: datetime | None = shown("When the newest event happened; null before the first.")
    weeks: list[WeekOfUse] = shown(
        "Events of up to 30 full weeks since the first event, oldest first."
    )

    @strawberry.field(
        description="Share of the purchased seats nobody used in 28 days (U2). Higher is worse."
    )
    async def seat_gap(self, info: Request) -> MetricValue:
        return MetricValue((await self._signals(info)).adoption.seats.gap, self.moment)

    @strawberry.field(description="Every signal of adoption, against peers where that says more.")
    async def adoption(self, info: Request) -> Adoption:
        return Adoption(await self._signals(info), self.moment)

    async def _signals(self, info: Request) -> peers_domain.Signals:
        key = self.row.account_id
        own = await info.context.load(signals_store.signals, key, as_of=self.moment)
        if own is None:
            raise NotFound(f"there is no account {key}")
        return peers_domain.signals(self.row, own)

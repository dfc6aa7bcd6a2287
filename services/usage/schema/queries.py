"""Plans, journeys of all accounts, and how long events are kept, as root fields."""

from datetime import date, datetime
from typing import Annotated

import strawberry
from strawberry import Info

from services.usage.actions import history as history_actions
from services.usage.domain import history as history_domain
from services.usage.schema.habits import Habit, Session
from services.usage.schema.journeys import (
    FunnelStep,
    MemberFunnelStep,
    RenewalAssociation,
    TimeToValue,
)
from services.usage.schema.plans import ManualRule, Milestone, UseCase
from services.usage.store import habits, history, journeys, member_funnel, plans, sessions
from shared.graphql.old import Context, UserError, attempted
from shared.vocabulary.ids import account_key

AsOf = Annotated[
    datetime | None, strawberry.argument(description="As it was known then; now if omitted.")
]
Since = Annotated[
    date | None,
    strawberry.argument(description="Only accounts whose first contract started then or later."),
]
Until = Annotated[
    date | None,
    strawberry.argument(description="Only accounts whose first contract started before."),
]


@strawberry.type(description="How long events are kept one by one; roll-ups stay for ever.")
class UsageRetention:
    raw_days: int | None = strawberry.field(description="Days; null: everything is kept.")
    raw_since: datetime | None = strawberry.field(
        description="Events since then are there; of earlier days only roll-ups speak, and events"
        " that happened earlier are not taken. Null: all are there."
    )

    @classmethod
    def of(cls, retention: history_domain.Retention) -> "UsageRetention":
        return cls(raw_days=retention.raw_days, raw_since=retention.raw_since)


@strawberry.type(description="What became of usageRetentionSet.")
class UsageRetentionPayload:
    retention: UsageRetention | None = strawberry.field(description="As it is now.")
    user_errors: list[UserError] = strawberry.field(description="Why not; empty on success.")


@strawberry.type
class JourneyQuery:
    @strawberry.field(description="The use cases in force, by key (U12).")
    async def use_cases(
        self, info: Info[Context, None], as_of: AsOf = None
    ) -> list[UseCase] | None:
        info.context.principal.require("read")
        return [UseCase.of(case) for case in await info.context.call(plans.use_cases, as_of)]

    @strawberry.field(description="The milestones in force, in their order.")
    async def milestones(
        self, info: Info[Context, None], as_of: AsOf = None
    ) -> list[Milestone] | None:
        info.context.principal.require("read")
        return [Milestone.of(one) for one in await info.context.call(plans.milestones, as_of)]

    @strawberry.field(description="The rules of manual work in force, by key.")
    async def manual_rules(
        self, info: Info[Context, None], as_of: AsOf = None
    ) -> list[ManualRule] | None:
        info.context.principal.require("read")
        return [ManualRule.of(rule) for rule in await info.context.call(plans.manual_rules, as_of)]

    @strawberry.field(description="How long accounts take to first value (U11).")
    async def time_to_value(
        self,
        info: Info[Context, None],
        started_from: Since = None,
        started_to: Until = None,
        as_of: AsOf = None,
    ) -> TimeToValue | None:
        info.context.principal.require("read")
        found = await info.context.call(journeys.value_times, started_from, started_to, as_of)
        return TimeToValue.of(found)

    @strawberry.field(description="Where accounts give up on the way to value (U18).")
    async def milestone_funnel(
        self,
        info: Info[Context, None],
        started_from: Since = None,
        started_to: Until = None,
        as_of: AsOf = None,
    ) -> list[FunnelStep] | None:
        info.context.principal.require("read")
        steps = await info.context.call(journeys.milestone_funnel, started_from, started_to, as_of)
        return [FunnelStep.of(step) for step in steps]

    @strawberry.field(description="Where members give up on their own way to value (U18).")
    async def member_funnel(
        self,
        info: Info[Context, None],
        started_from: Annotated[
            date | None, strawberry.argument(description="Only members who started then or later.")
        ] = None,
        started_to: Annotated[
            date | None, strawberry.argument(description="Only members who started before.")
        ] = None,
        as_of: AsOf = None,
    ) -> list[MemberFunnelStep] | None:
        info.context.principal.require("read")
        steps = await info.context.call(
            member_funnel.funnel_of_members, started_from, started_to, as_of
        )
        return [MemberFunnelStep.of(step) for step in steps]

    @strawberry.field(
        description="Habits of all members of a segment, one a use case in force (U9, U13)."
    )
    async def segment_habits(
        self,
        info: Info[Context, None],
        account_ids: Annotated[
            list[strawberry.ID],
            strawberry.argument(description="The accounts of the segment, at most 1,000."),
        ],
        as_of: AsOf = None,
    ) -> list[Habit] | None:
        info.context.principal.require("read")
        keys = [account_key(each, "accountIds") for each in account_ids]
        found = await info.context.call(habits.segment_habits, keys, as_of)
        return [Habit.of(habit) for habit in found]

    @strawberry.field(
        description="Features whose use goes with being retained, strongest first (U21)."
    )
    async def renewal_associations(
        self, info: Info[Context, None], as_of: AsOf = None
    ) -> list[RenewalAssociation] | None:
        info.context.principal.require("read")
        found = await info.context.call(journeys.renewal_associations, as_of)
        return [RenewalAssociation.of(one) for one in found]

    @strawberry.field(description="How long events are kept one by one.")
    async def usage_retention(self, info: Info[Context, None]) -> UsageRetention | None:
        info.context.principal.require("read")
        return UsageRetention.of(await info.context.call(history.retention))

    @strawberry.field(description="A member's sessions of the last 28 days, oldest first (U8).")
    async def member_sessions(
        self,
        info: Info[Context, None],
        account_id: Annotated[strawberry.ID, strawberry.argument(description="The account.")],
        member: Annotated[
            str, strawberry.argument(description="As events name the member, or the member's uuid.")
        ],
        as_of: AsOf = None,
    ) -> list[Session] | None:
        info.context.principal.require("read")
        found = await info.context.call(
            sessions.member_sessions, account_key(account_id), member, as_of
        )
        return [Session.of(session) for session in found]


@strawberry.type
class HistoryMutation:
    @strawberry.mutation(
        description="Keep events one by one for so many days; roll-ups stay. What is dropped does"
        " not come back. Needs the scope 'admin'."
    )
    async def usage_retention_set(
        self,
        info: Info[Context, None],
        raw_days: Annotated[
            int | None, strawberry.argument(description="62 days or more; null keeps everything.")
        ],
    ) -> UsageRetentionPayload:
        info.context.principal.require("admin")
        found, errors = await attempted(info.context.call(history_actions.retention_set, raw_days))
        return UsageRetentionPayload(
            retention=UsageRetention.of(found) if found else None, user_errors=errors
        )

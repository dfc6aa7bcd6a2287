"""What was turned away, and what becomes of events told late."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import Info

from services.usage.actions import ingest as ingest_actions
from services.usage.domain.late import LatePolicy
from services.usage.domain.rejected import Rejected
from services.usage.store import ingest as ingest_store
from services.usage.store import rejected as rejected_store
from shared.graphql.old import Connection, Context, UserError, attempted, connection


@strawberry.type(description="An event that was turned away; kept for 30 days.")
class RejectedEvent:
    id: str | None = strawberry.field(
        description="The event's id, as it was sent; null if it could not be read."
    )
    field: str | None = strawberry.field(description="What was wrong, in camelCase.")
    value: str | None = strawberry.field(description="The value that stood there, cut short.")
    reason: str = strawberry.field(description="What would have been allowed.")
    received_at: datetime = strawberry.field(description="When it came last.")
    first_at: datetime = strawberry.field(description="When it came first.")
    times: int = strawberry.field(description="In how many batches it came. Lower is better.")

    @classmethod
    def of(cls, rejected: Rejected) -> "RejectedEvent":
        return cls(
            id=rejected.event_id,
            field=rejected.field,
            value=rejected.value,
            reason=rejected.reason,
            received_at=rejected.received_at,
            first_at=rejected.first_at,
            times=rejected.times,
        )


@strawberry.type(description="What becomes of events that become known long after they happened.")
class UsageLatePolicy:
    rejects: bool = strawberry.field(
        description="True: late events are turned away. False: they count, and are called late."
    )
    after_days: int = strawberry.field(
        description="From how many days between happening and being recorded an event is late."
    )
    recorded_at: datetime | None = strawberry.field(
        description="When this was decided; null: the default, never changed."
    )

    @classmethod
    def of(cls, policy: LatePolicy) -> "UsageLatePolicy":
        return cls(
            rejects=policy.rejects, after_days=policy.after_days, recorded_at=policy.recorded_at
        )


@strawberry.type(description="The policy from now on, or why it stays.")
class UsageLatePolicyPayload:
    usage_late_policy: UsageLatePolicy | None = strawberry.field(
        description="As it is now; null if refused."
    )
    user_errors: list[UserError] = strawberry.field(description="Why it was refused.")


@strawberry.type
class IngestQuery:
    @strawberry.field(description="Events that were turned away, those received last first.")
    async def rejected_events(
        self,
        info: Info[Context, None],
        first: Annotated[int, strawberry.argument(description="How many, 1 to 100.")] = 25,
        after: Annotated[
            str | None, strawberry.argument(description="endCursor of the page before.")
        ] = None,
    ) -> Connection[RejectedEvent] | None:
        info.context.principal.require("read")
        page = await info.context.call(rejected_store.rejected, first, after)
        return connection(page, [RejectedEvent.of(r) for r in page.items], continued=bool(after))

    @strawberry.field(description="What becomes of late events.")
    async def usage_late_policy(
        self,
        info: Info[Context, None],
        as_of: Annotated[
            datetime | None,
            strawberry.argument(description="As it was decided then; now if omitted."),
        ] = None,
    ) -> UsageLatePolicy | None:
        info.context.principal.require("read")
        return UsageLatePolicy.of(await info.context.call(ingest_store.late_policy, as_of))


@strawberry.type
class IngestMutation:
    @strawberry.mutation(
        description="Decide what becomes of late events from now on. Needs the scope 'admin'."
    )
    async def usage_late_policy_set(
        self,
        info: Info[Context, None],
        rejects: Annotated[
            bool, strawberry.argument(description="True: turn them away. False: count them.")
        ],
        after_days: Annotated[
            int, strawberry.argument(description="From how many days an event is late, 0 to 36500.")
        ] = 30,
    ) -> UsageLatePolicyPayload:
        info.context.principal.require("admin")
        policy, errors = await attempted(
            info.context.call(ingest_actions.set_late_policy, rejects, after_days)
        )
        return UsageLatePolicyPayload(
            usage_late_policy=UsageLatePolicy.of(policy) if policy else None, user_errors=errors
        )

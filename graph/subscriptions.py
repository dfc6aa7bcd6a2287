"""What partners subscribe to: replayed from a cursor, then live, from the durable log."""

from collections.abc import AsyncGenerator
from datetime import datetime
from enum import Enum
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry.types import Info

from graph import feed
from graph.context import GraphContext
from services.risk import schema as risk
from shared.process.facts import LogEntry
from shared.vocabulary.errors import NotFound
from shared.vocabulary.ids import parsed_id

Request = Info[GraphContext, None]
Account = Annotated["Account", strawberry.lazy("graph.schema")]


@strawberry.enum(description="What made a new score necessary.")
class UpdateReason(Enum):
    NEW_DATA = strawberry.enum_value("NEW_DATA", description="Something was recorded about it.")
    NEW_MODEL = strawberry.enum_value("NEW_MODEL", description="Another model took over.")
    REQUESTED = strawberry.enum_value("REQUESTED", description="Somebody asked for it.")
    TIME = strawberry.enum_value("TIME", description="The renewal came nearer.")


@strawberry.input(description="Which updates; what is left out does not restrict.")
class RiskUpdateFilter:
    account_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Only these accounts."
    )
    bands: list[risk.RiskBand] | None = strawberry.field(
        default=None, description="Only scores in one of these bands."
    )
    band_changed: bool | None = strawberry.field(
        default=None, description="True: only scores in another band than the one before."
    )


@strawberry.type(description="A new score of an account, once it differs from the one before.")
class RiskUpdate:
    entry: strawberry.Private[LogEntry]
    cursor: str = strawberry.field(
        description="Place in the log; give it as `after` to go on behind this update."
    )
    sequence: int = strawberry.field(
        description="Counts what happened to this account, without gaps in the whole log."
    )
    occurred_at: datetime = strawberry.field(description="When the score was made.")
    previous_band: risk.RiskBand | None = strawberry.field(
        description="The band before; null at the first score."
    )
    reason: UpdateReason = strawberry.field(description="What made it necessary.")

    @strawberry.field(description="The account.")
    def account(self, info: Request) -> Account:
        return info.context.object("Account", self.entry.account_id)

    @strawberry.field(description="The score itself, as it was served.")
    async def risk(self, info: Request) -> risk.Risk | None:
        score_id = UUID(self.entry.payload["score_id"])
        found = await risk.risk_by_id(info, score_id)
        if found is None:
            raise NotFound(f"there is no score {score_id}")
        return found


@strawberry.type
class Subscription:
    @strawberry.subscription(
        description="New scores. Replays everything behind `after`, then goes live; gap-free and"
        " in order per account. Without `after` it starts live."
    )
    async def risk_updates(
        self,
        info: Request,
        after: Annotated[
            str | None, strawberry.argument(description="Cursor of the last update you have.")
        ] = None,
        filter: Annotated[
            RiskUpdateFilter | None, strawberry.argument(description="Which updates.")
        ] = None,
    ) -> AsyncGenerator[RiskUpdate]:
        context = info.context
        wanted = _wanted(filter or RiskUpdateFilter())
        if after is None:
            start = await feed.end(context.rpc, context.principal)
        else:
            start = context.cursors.open(context.principal.tenant_id, after)
        async for entry in feed.follow(context.rpc, context.principal, start):
            if wanted(entry):
                context.forget()  # an event must show the present, not what the last one loaded
                yield _update(entry, context)


def _wanted(chosen: RiskUpdateFilter) -> "Wanted":
    accounts = None
    if chosen.account_ids is not None:
        accounts = {parsed_id(text, "Account", "accountIds")[1] for text in chosen.account_ids}
    bands = None if chosen.bands is None else {str(band.value) for band in chosen.bands}
    return Wanted(accounts, bands, bool(chosen.band_changed))


class Wanted:
    """A filter, made ready once per subscription."""

    def __init__(self, accounts: set[UUID] | None, bands: set[str] | None, changed: bool) -> None:
        self._accounts = accounts
        self._bands = bands
        self._changed = changed

    def __call__(self, entry: LogEntry) -> bool:
        band = entry.payload["band"]
        return (
            (self._accounts is None or entry.account_id in self._accounts)
            and (self._bands is None or band in self._bands)
            and (not self._changed or band != entry.payload.get("previous_band"))
        )


def _update(entry: LogEntry, context: GraphContext) -> RiskUpdate:
    previous = entry.payload.get("previous_band")
    return RiskUpdate(
        entry=entry,
        cursor=context.cursors.seal(entry.tenant_id, entry.position),
        sequence=entry.sequence,
        occurred_at=entry.occurred_at,
        previous_band=risk.RiskBand(previous) if previous else None,
        reason=UpdateReason(entry.payload["reason"]),
    )

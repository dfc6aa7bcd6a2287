"""What partners subscribe to: replayed from a cursor, then live, from the durable log."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry.types import Info

from graph import feed
from graph.context import GraphContext
from services.risk.schema import nodes as risk_nodes
from services.risk.schema.scores import Risk, RiskBand
from shared.graphql.inputs import optional
from shared.graphql.objects import Account
from shared.graphql.showing import Shown, shown
from shared.process.facts import LogEntry
from shared.vocabulary.errors import NotFound
from shared.vocabulary.ids import account_key

Request = Info[GraphContext, None]


@strawberry.enum(description="What made a new score necessary.")
class UpdateReason(Enum):
    NEW_DATA = strawberry.enum_value("NEW_DATA", description="New data were recorded.")
    NEW_MODEL = strawberry.enum_value("NEW_MODEL", description="Another model became the champion.")
    REQUESTED = strawberry.enum_value("REQUESTED", description="Somebody asked for a new score.")
    TIME = strawberry.enum_value("TIME", description="The renewal came nearer.")


@strawberry.input(description="The updates to send. What is left out does not restrict them.")
class RiskUpdateFilter:
    account_ids: list[strawberry.ID] | None = optional("Only these accounts.")
    bands: list[RiskBand] | None = optional("Only scores in one of these bands.")
    band_changed: bool | None = optional("True: only scores that changed the band.")


@dataclass(frozen=True, slots=True)
class Update:
    """A fact of the log, and the cursor behind which others follow."""

    entry: LogEntry
    cursor: str


def _previous_band(entry: LogEntry) -> RiskBand | None:
    band = entry.payload.get("previous_band")
    return RiskBand(band) if band else None


def _reason(entry: LogEntry) -> UpdateReason:
    return UpdateReason(entry.payload["reason"])


class RiskUpdate(Shown[Update], description="A new score that differs from the last."):
    cursor: str = shown("Place in the log; use it as `after` to continue behind this update.")
    sequence: int = shown(
        "Counts what happened to this account, without gaps in the whole log.", of="entry.sequence"
    )
    occurred_at: datetime = shown("When the score was made.", of="entry.occurred_at")
    previous_band: RiskBand | None = shown(
        "The band before; null for the first score.", of="entry", by=_previous_band
    )
    reason: UpdateReason = shown("Why the score was made.", of="entry", by=_reason)
    account: Account = shown("The account.", of="entry.account_id")

    @strawberry.field(description="The score itself, as it was served.")
    async def risk(self, info: Request) -> Risk | None:
        score_id = UUID(self.row.entry.payload["score_id"])
        score = await risk_nodes.NODES["Risk"](info, score_id)
        if score is None:
            raise NotFound(f"there is no score {score_id}")
        return score


@strawberry.type
class Subscription:
    @strawberry.subscription(
        description="New scores: first all those behind `after`, then each as it is made, without"
        " gaps and in order per account. Without `after` only new ones are sent."
    )
    async def risk_updates(
        self,
        info: Request,
        after: Annotated[
            str | None,
            strawberry.argument(description="Cursor of the last update you have received."),
        ] = None,
        filter: Annotated[
            RiskUpdateFilter | None,
            strawberry.argument(description="The updates to send; all of them if omitted."),
        ] = None,
    ) -> AsyncGenerator[RiskUpdate]:
        context = info.context
        selection = Selection(filter or RiskUpdateFilter())
        if after is None:
            start = await feed.end(context.rpc, context.principal)
        else:
            start = context.cursors.open(context.principal.tenant_id, after)
        entries = feed.follow(context.rpc, context.gates.subscriptions, context.principal, start)
        async with aclosing(entries):
            async for entry in entries:
                if selection.includes(entry):
                    context.forget()  # an event must show the present, not what the last one loaded
                    cursor = context.cursors.seal(entry.tenant_id, entry.position)
                    yield RiskUpdate(Update(entry, cursor))


class Selection:
    """A filter, made ready once per subscription."""

    def __init__(self, filter: RiskUpdateFilter) -> None:
        ids, bands = filter.account_ids, filter.bands
        self._accounts = None if ids is None else {account_key(text, "accountIds") for text in ids}
        self._bands = None if bands is None else {str(band.value) for band in bands}
        self._only_changes = bool(filter.band_changed)

    def includes(self, entry: LogEntry) -> bool:
        band = entry.payload["band"]
        return (
            (self._accounts is None or entry.account_id in self._accounts)
            and (self._bands is None or band in self._bands)
            and (not self._only_changes or band != entry.payload.get("previous_band"))
        )

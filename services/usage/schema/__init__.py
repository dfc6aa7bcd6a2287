"""What usage shows: the fields it adds to accounts and to the root."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry import Info

from services.usage import store
from services.usage.schema.pending import PendingEvent
from services.usage.schema.summary import UsageSummary
from shared.errors import NotFound
from shared.graphql import Connection, Context, connection


@strawberry.type
class AccountFields:
    key: strawberry.Private[UUID]

    @strawberry.field(description="How the account uses the product.")
    async def usage(
        self,
        info: Info[Context, None],
        as_of: Annotated[
            datetime | None,
            strawberry.argument(description="As it was known then; now if omitted."),
        ] = None,
    ) -> UsageSummary | None:
        summary = await info.context.load(store.summary, self.key, as_of=as_of)
        if summary is None:
            raise NotFound(f"there is no account {self.key}")
        return UsageSummary.of(summary)


@strawberry.type
class Query:
    @strawberry.field(description="Events whose account is not known yet, oldest first.")
    async def pending_events(
        self,
        info: Info[Context, None],
        first: Annotated[int, strawberry.argument(description="How many, 1 to 100.")] = 25,
        after: Annotated[
            str | None, strawberry.argument(description="endCursor of the page before.")
        ] = None,
    ) -> Connection[PendingEvent] | None:
        info.context.principal.require("read")
        page = await info.context.call(store.pending, first, after)
        return connection(page, [PendingEvent.of(w) for w in page.items], continued=bool(after))

"""What usage shows: the fields it adds to accounts and to the root."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import Info
from strawberry.utils.str_converters import to_camel_case

from services.usage.actions import catalogue as catalogue_actions
from services.usage.schema.catalogue import Feature, FeaturePayload, FeatureUpsertInput
from services.usage.schema.pending import PendingEvent
from services.usage.schema.queries import HistoryMutation, JourneyQuery
from services.usage.schema.rejected import IngestMutation, IngestQuery
from services.usage.schema.summary import UsageSummary
from services.usage.store import catalogue
from services.usage.store import reads as reads_store
from shared.graphql.old import (
    After,
    AsOf,
    Connection,
    Context,
    First,
    Part,
    attempted,
    connection,
)
from shared.vocabulary.errors import NotFound


@strawberry.type
class AccountFields(Part):
    """What usage tells of an account."""

    @strawberry.field(description="How the account uses the product.")
    async def usage(self, info: Info[Context, None], as_of: AsOf = None) -> UsageSummary | None:
        as_of = as_of or self.as_of
        summary = await info.context.load(reads_store.summary, self.key, as_of=as_of)
        if summary is None:
            raise NotFound(f"there is no account {self.key}")
        return UsageSummary.of(summary, as_of)


@strawberry.type
class Query(IngestQuery, JourneyQuery):
    @strawberry.field(description="Events whose account is not known yet, oldest first.")
    async def pending_events(
        self, info: Info[Context, None], first: First = 25, after: After = None
    ) -> Connection[PendingEvent] | None:
        info.context.principal.require("read")
        page = await info.context.call(reads_store.pending, first, after)
        return connection(page, [PendingEvent.of(w) for w in page.items], continued=bool(after))

    @strawberry.field(
        description="What members can use, by key: everything described, or seen in an event."
    )
    async def features(
        self,
        info: Info[Context, None],
        first: Annotated[int, strawberry.argument(description="How many, 1 to 100.")] = 25,
        after: Annotated[
            str | None, strawberry.argument(description="endCursor of the page before.")
        ] = None,
        as_of: Annotated[
            datetime | None,
            strawberry.argument(description="As it was known then; now if omitted."),
        ] = None,
    ) -> Connection[Feature] | None:
        info.context.principal.require("read")
        page = await info.context.call(catalogue.feature_list, first, after, as_of)
        return connection(page, [Feature.of(each) for each in page.items], continued=bool(after))


@strawberry.type
class Mutation(IngestMutation, HistoryMutation):
    @strawberry.mutation(
        description="Describe a feature; other values under the same key are a new version."
        " Needs the scope 'ingest'."
    )
    async def feature_upsert(
        self,
        info: Info[Context, None],
        input: Annotated[FeatureUpsertInput, strawberry.argument(description="As it is now.")],
    ) -> FeaturePayload:
        info.context.principal.require("ingest")
        row = {to_camel_case(name): value for name, value in vars(input).items()}
        row["tier"] = input.tier.value
        feature, errors = await attempted(info.context.call(catalogue_actions.feature_upsert, row))
        return FeaturePayload(feature=Feature.of(feature) if feature else None, user_errors=errors)

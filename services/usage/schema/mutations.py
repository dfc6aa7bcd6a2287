"""What usage is told through the graph; for events and plans there are the bulk routes."""

from typing import Annotated

import strawberry

from services.usage.actions import catalogue as catalogue_actions
from services.usage.actions import history as history_actions
from services.usage.actions import ingest as ingest_actions
from services.usage.domain import catalogue as catalogue_domain
from services.usage.domain import history as history_domain
from services.usage.domain import late as late_domain
from services.usage.schema.catalogue import Feature, FeatureTier
from services.usage.schema.events import UsageLatePolicy, UsageRetention
from shared.graphql.fields import Arguments, called
from shared.graphql.inputs import entry, optional
from shared.graphql.payloads import Payload, UserError, one_row
from shared.graphql.reading import WHOLE
from shared.graphql.showing import shown


@strawberry.input(description="A feature as it is from now on: what is left out is unset.")
class FeatureUpsertInput:
    key: str = entry("What events call it, 1 to 200 characters.")
    title: str | None = optional("What people call it.")
    tier: FeatureTier = entry("How far into the product it lies.", default=FeatureTier.BASIC)
    sticky: bool = entry("Whether it is hard to replace.", default=False)
    core: bool = entry("Whether it is a core feature.", default=False)
    plans: list[str] = entry(
        "The plans that have it; every plan if the list is empty.", default_factory=list
    )
    milestone: str | None = optional("The milestone it belongs to.")
    persona: str | None = optional("Whom it is made for.")
    qualifying: bool = entry("Whether its use makes a member active.", default=True)


class FeaturePayload(
    Payload[catalogue_domain.Feature], description="What became of a featureUpsert."
):
    feature: Feature | None = shown("The feature as it is kept.", of=WHOLE)
    user_errors: list[UserError] = strawberry.field(description="Why nothing was kept; or empty.")


class UsageRetentionPayload(
    Payload[history_domain.Retention], description="What became of usageRetentionSet."
):
    retention: UsageRetention | None = shown("How long events are kept from now on.", of=WHOLE)
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; or empty.")


class UsageLatePolicyPayload(
    Payload[late_domain.LatePolicy], description="The policy from now on, or why it stays."
):
    usage_late_policy: UsageLatePolicy | None = shown("As it is now; null if refused.", of=WHOLE)
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; or empty.")


def _retention(
    raw_days: Annotated[
        int | None,
        strawberry.argument(description="62 days or more; null keeps everything."),
    ] = None,
) -> Arguments:
    return {"raw_days": raw_days}


def _late_policy(
    rejects: Annotated[
        bool,
        strawberry.argument(description="Whether late events are turned away."),
    ],
    after_days: Annotated[
        int, strawberry.argument(description="After how many days an event is late, 0 to 36500.")
    ] = 30,
) -> Arguments:
    return {"rejects": rejects, "after_days": after_days}


@strawberry.type
class Mutation:
    usage_late_policy_set: UsageLatePolicyPayload = called(
        ingest_actions.set_late_policy,
        "Decide what becomes of late events from now on. Needs the scope 'admin'.",
        takes=_late_policy,
    )
    usage_retention_set: UsageRetentionPayload = called(
        history_actions.retention_set,
        "Keep events one by one for so many days; roll-ups stay. What is dropped does not come"
        " back. Needs the scope 'admin'.",
        takes=_retention,
    )
    feature_upsert: FeaturePayload = called(
        catalogue_actions.feature_upsert,
        "Describe a feature; other values under the same key are a new version."
        " Needs the scope 'ingest'.",
        takes=one_row(FeatureUpsertInput, "The feature as it is from now on."),
    )

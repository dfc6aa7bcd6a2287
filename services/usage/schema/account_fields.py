"""The field of Account that usage answers for."""

import strawberry

from services.usage.schema.summary import UsageSummary
from services.usage.store import reads as reads_store
from shared.graphql.fields import answered, missing, moment
from shared.graphql.objects import Part


@strawberry.type
class AccountFields(Part):
    usage: UsageSummary | None = answered(
        reads_store.summary,
        "How the account uses the product.",
        takes=moment,
        absent=missing("account"),
    )

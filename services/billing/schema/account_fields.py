"""The fields of Account that billing answers for."""

import strawberry

from services.billing.schema.values import BillingSummary
from services.billing.store import summary as summary_store
from shared.graphql.fields import answered, missing, moment
from shared.graphql.objects import Part


@strawberry.type
class AccountFields(Part):
    billing: BillingSummary | None = answered(
        summary_store.summary,
        "Recurring revenue, what is owed and how it is paid.",
        takes=moment,
        absent=missing("account"),
    )

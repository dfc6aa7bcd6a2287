"""The fields of Account that risk answers for: its health, its forecasts, and looking back."""

from datetime import datetime
from typing import Annotated

import strawberry

from services.risk.forecasting import change as change_forecasting
from services.risk.schema.changes import RiskChange
from services.risk.schema.health import HealthScore
from services.risk.schema.hindsight import Expectation, PostMortem
from services.risk.schema.scores import Risk
from services.risk.store import health as health_store
from services.risk.store import hindsight as hindsight_store
from services.risk.store import scores as scores_store
from shared.graphql.fields import Arguments, answered, moment
from shared.graphql.objects import Part
from shared.graphql.paging import Connection


def _between(
    start: Annotated[datetime, strawberry.argument(name="from", description="The first moment.")],
    end: Annotated[datetime, strawberry.argument(name="to", description="The second moment.")],
) -> Arguments:
    return {"start": start, "end": end}


@strawberry.type
class AccountFields(Part):
    post_mortem: PostMortem | None = answered(
        hindsight_store.post_mortems,
        "The account's last lost contract, as it was forecast before; null when it has lost none.",
    )
    expectations: Connection[Expectation] | None = answered(
        hindsight_store.expectations, "What people expected of its renewal, newest first."
    )
    health: HealthScore | None = answered(
        health_store.healths,
        "How the account is doing, from what its forecast was made of; null until it is scored"
        " once, and while it has no open contract.",
        takes=moment,
    )
    risk: Risk | None = answered(
        scores_store.latest,
        "The newest forecast. Null until the account is scored once, and while it has no open"
        " contract.",
        takes=moment,
    )
    risk_history: Connection[Risk] | None = answered(
        scores_store.history, "Every score that was served, newest first."
    )
    risk_change: RiskChange | None = answered(
        change_forecasting.explain_change,
        "What moved the forecast between two moments.",
        takes=_between,
    )

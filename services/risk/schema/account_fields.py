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
    start: Annotated[datetime, strawberry.argument("The first moment.", name="from")],
    end: Annotated[datetime, strawberry.argument("The second moment.", name="to")],
) -> Arguments:
    return {"start": start, "end": end}


@strawberry.type
class AccountFields(Part):
    post_mortem: PostMortem | None = answered(
        hindsight_store.post_mortems,
        "The last contract that was not renewed, as it was forecast before; null without one.",
    )
    expectations: Connection[Expectation] | None = answered(
        hindsight_store.expectations, "What people expected of its renewal; the newest comes first."
    )
    health: HealthScore | None = answered(
        health_store.healths,
        "How the account is doing, by the inputs of its forecast. Null until it is scored once, and"
        " while it has no open contract.",
        takes=moment,
    )
    risk: Risk | None = answered(
        scores_store.latest,
        "The newest forecast. Null until the account is scored once, and while it has no open"
        " contract.",
        takes=moment,
    )
    risk_history: Connection[Risk] | None = answered(
        scores_store.history, "Every score that was served; the newest comes first."
    )
    risk_change: RiskChange | None = answered(
        change_forecasting.explain_change,
        "What changed the forecast between two moments.",
        takes=_between,
    )

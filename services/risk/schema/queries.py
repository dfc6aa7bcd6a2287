"""Rankings, models and their releases, and how well health and people had foreseen."""

from datetime import date
from typing import Annotated

import strawberry

from services.risk.domain import scores as scores_domain
from services.risk.domain.bands import BAND_DAYS, RiskBand
from services.risk.domain.scores import RiskOrder
from services.risk.schema.health import HealthCheck
from services.risk.schema.hindsight import Disagreement
from services.risk.schema.models import ModelVersion
from services.risk.schema.progress import ScoringProgress
from services.risk.schema.release import AliasChange, TrainingRun
from services.risk.schema.scores import MAX_DAYS, Risk
from services.risk.schema.values import check_within
from services.risk.store import health as health_store
from services.risk.store import hindsight as hindsight_store
from services.risk.store import models as models_store
from services.risk.store import release as release_store
from services.risk.store import scores as scores_store
from shared.graphql.enums import shown_enum
from shared.graphql.fields import Arguments, called
from shared.graphql.objects import Account
from shared.graphql.paging import After, Connection, First
from shared.graphql.showing import Shown, shown

shown_enum(
    RiskOrder,
    "What accounts at risk are ranked by, the largest first.",
    PROBABILITY="Chance of churn within the days asked for.",
    VALUE_AT_RISK="Minor units per month; currencies are not converted.",
)


class AtRisk(
    Shown[scores_domain.AtRisk],
    description="An account under contract with the score it is ranked by.",
):
    risk: Risk = shown("The newest score.", of="score")
    account: Account = shown("The account.", of="account_id")


def _ends(
    start: Annotated[
        date,
        strawberry.argument(name="from", description="The contract ended on this day or later."),
    ],
    end: Annotated[
        date, strawberry.argument(name="to", description="The contract ended before this day.")
    ],
    days_before: Annotated[
        int, strawberry.argument(description="Days before the end of each contract, 1 to 365.")
    ] = 90,
) -> Arguments:
    check_within("daysBefore", days_before, 1, 365)
    return {"days_before": days_before, "since": start, "until": end}


def _ranking(
    within_days: Annotated[
        int,
        strawberry.argument(
            description=f"Horizon in days, 1 to {MAX_DAYS}; an account whose model reaches less"
            " far is ranked by its own horizon."
        ),
    ] = BAND_DAYS,
    band: Annotated[
        RiskBand | None, strawberry.argument(description="Only this band; none: all.")
    ] = None,
    order_by: Annotated[
        RiskOrder, strawberry.argument(description="What comes first.")
    ] = RiskOrder.PROBABILITY,
    first: First = 25,
    after: After = None,
) -> Arguments:
    return {
        "within_days": within_days,
        "band": band,
        "order": order_by,
        "first": first,
        "after": after,
    }


@strawberry.type
class Query:
    training_runs: Connection[TrainingRun] | None = called(
        release_store.training_runs, "Trainings of every kind of outcome, newest first."
    )
    model_alias_changes: Connection[AliasChange] | None = called(
        release_store.alias_changes,
        "Which model was champion or challenger since when, and why.",
    )
    training_every_days: int | None = called(
        release_store.every_days,
        "Every how many days the model is trained anew; null: never by itself.",
    )
    disagreement: Disagreement | None = called(
        hindsight_store.disagreement,
        "Model and people held against what came, on contracts that ended, by what both had said so"
        " many days before.",
        takes=_ends,
    )
    health_check: HealthCheck | None = called(
        health_store.health_check,
        "Health so many days before contracts ended, held against what came, and the forecast"
        " beside it.",
        takes=_ends,
    )
    at_risk: Connection[AtRisk] | None = called(
        scores_store.at_risk,
        "Open contracts, worst first: by chance of churn within the days asked for, or by value at"
        " risk.",
        takes=_ranking,
    )
    scoring_progress: ScoringProgress | None = called(
        scores_store.progress, "How far scoring has come."
    )
    models: Connection[ModelVersion] | None = called(
        models_store.models, "Published models, newest first."
    )
    champion_model: ModelVersion | None = called(
        models_store.champion, "The model that scores; null before the first is published."
    )

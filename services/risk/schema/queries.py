"""Rankings, models and their releases, and how right health and people were."""

from datetime import date
from typing import Annotated

import strawberry

from services.risk.domain import queue as queue_domain
from services.risk.domain import scores as scores_domain
from services.risk.domain.bands import BAND_DAYS, RiskBand
from services.risk.domain.scores import RiskOrder
from services.risk.schema.health import HealthCheck
from services.risk.schema.hindsight import Disagreement
from services.risk.schema.models import ModelVersion
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
    PROBABILITY="The chance of churn within the days asked for.",
    VALUE_AT_RISK="The value at risk in minor units a month; currencies are not converted.",
)


class AtRisk(
    Shown[scores_domain.AtRisk],
    description="An account under contract with the score it is ranked by.",
):
    risk: Risk = shown("The newest score of the account.", of="score")
    account: Account = shown("The account.", of="account_id")


class ScoringProgress(Shown[queue_domain.ScoringProgress], description="How far scoring has come."):
    accounts_known: int = shown(
        "How many accounts risk knows of; those without an open contract get no score."
    )
    scored: int = shown("How many accounts have a score.")
    pending: int = shown("How many accounts wait for their next score.")
    has_champion: bool = shown("Whether there is a model that scores.")


def _ends(
    start: Annotated[
        date, strawberry.argument("The contract ended on this day or later.", name="from")
    ],
    end: Annotated[date, strawberry.argument("The contract ended before this day.", name="to")],
    days_before: Annotated[
        int, strawberry.argument("Days before the end of each contract, 1 to 365.")
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
    band: Annotated[RiskBand | None, strawberry.argument("Only this band; all if omitted.")] = None,
    order_by: Annotated[
        RiskOrder, strawberry.argument("What comes first.")
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
        release_store.training_runs, "Trainings of every outcome; the newest comes first."
    )
    model_alias_changes: Connection[AliasChange] | None = called(
        release_store.alias_changes,
        "Champions and challengers, each with the reason and since when.",
    )
    training_every_days: int | None = called(
        release_store.every_days,
        "Every how many days the model is trained again; null means only on request.",
    )
    disagreement: Disagreement | None = called(
        hindsight_store.disagreement,
        "Model and people compared with what came of contracts, by what both expected so many days"
        " before the end.",
        takes=_ends,
    )
    health_check: HealthCheck | None = called(
        health_store.health_check,
        "Health and forecast so many days before contracts ended, compared with what came.",
        takes=_ends,
    )
    at_risk: Connection[AtRisk] | None = called(
        scores_store.at_risk,
        "Accounts under contract by chance of churn or by value at risk; the worst comes first.",
        takes=_ranking,
    )
    scoring_progress: ScoringProgress | None = called(
        scores_store.progress, "How far scoring has come."
    )
    models: Connection[ModelVersion] | None = called(
        models_store.models, "Published models; the newest comes first."
    )
    champion_model: ModelVersion | None = called(
        models_store.champion, "The model that scores; null before the first is published."
    )

"""What the graph shows of a published model."""

from datetime import date, datetime
from functools import partial
from typing import Annotated

import strawberry

from services.risk.domain import calibration as calibration_domain
from services.risk.domain import models as models_domain
from services.risk.domain.calibration import MONTH_OF
from services.risk.domain.chance import ForecastBasis
from services.risk.forecasting.effects import Effects, PartCurve, PartRatio, model_effects
from services.risk.schema.drift import FeatureDrift, ModelDrift
from services.risk.schema.effects import EffectCurve, HazardRatio
from services.risk.schema.evidence import BacktestWindow, CalibrationBin, HorizonCalibration
from services.risk.schema.values import ModelMetric, to_metrics
from services.risk.store import drift as drift_store
from services.risk.store import report as report_store
from services.risk.store.report import Card
from shared.graphql.fields import answered, empty
from shared.graphql.objects import Node
from shared.graphql.showing import Shown, shown
from shared.vocabulary.errors import InvalidInput
from shared.vocabulary.evidence import Bin, Origin

Part = Annotated[
    ForecastBasis | None, strawberry.argument("Only this part of the model; all parts if omitted.")
]
HORIZONS = ", ".join(map(str, MONTH_OF))


def _ratios(effects: Effects, part: Part = None) -> list[PartRatio]:
    return [ratio for ratio in effects.ratios if part in (None, ratio.part)]


def _curves(
    effects: Effects,
    features: Annotated[
        list[str] | None, strawberry.argument("Only these inputs; all if omitted.")
    ] = None,
    part: Part = None,
) -> list[PartCurve]:
    curves = [curve for curve in effects.curves if part in (None, curve.part)]
    names = {curve.curve.feature for curve in curves}
    unknown = set(features or ()) - names
    if unknown:
        raise InvalidInput("features", min(unknown), ", ".join(sorted(names)))
    return [curve for curve in curves if features is None or curve.curve.feature in features]


def _report_url(card: Card) -> str:
    return f"/v1/models/{card.version}/report"


def _calibration(
    card: Card | None,
    horizon_days: Annotated[
        int, strawberry.argument(f"How many days ahead: one of {HORIZONS}.")
    ] = 90,
) -> list[Bin] | None:
    if horizon_days not in MONTH_OF:
        raise InvalidInput("horizonDays", horizon_days, HORIZONS)
    if card is None or card.evidence is None:
        return None
    month = MONTH_OF[horizon_days]
    horizons = [horizon for horizon in card.evidence.calibration if horizon.month == month]
    return [tenth for horizon in horizons for tenth in horizon.bins]


def _by_horizon(card: Card) -> list[calibration_domain.HorizonCalibration] | None:
    return calibration_domain.by_horizon(card.evidence) if card.evidence else None


def _backtest(card: Card) -> list[Origin] | None:
    return card.evidence.rolling if card.evidence else None


of_card = partial(answered, report_store.cards, key="version")
of_effects = partial(
    answered, model_effects, key="version", timeless="The document of a version never changes."
)


class ModelVersion(
    Shown[models_domain.ModelVersion], Node, description="A published forecast model."
):
    id: strawberry.ID = shown("Opaque, the same for ever.", of="model_id")
    version: str = shown("Its name, made from its document: the same bytes have the same name.")
    aliases: list[str] = shown("Its roles now: a champion scores, a challenger is compared.")
    trained_at: datetime = shown("When it was fitted.")
    published_at: datetime = shown("When it was published for scoring.")
    data_from: date = shown("First day of the data it learned from.")
    data_to: date = shown("Last day of the data it learned from.")
    accounts: int = shown("How many accounts it learned from.")
    events: int = shown("How many of them churned.")
    metrics: list[ModelMetric] = shown("Its figures, by name.", of="metrics", by=to_metrics)
    features: list[str] = shown("The inputs that it reads.")
    checksum: str = shown("SHA-256 of the document, hexadecimal.")

    feature_drift: list[FeatureDrift] | None = answered(
        drift_store.newest,
        "How far its inputs have moved; empty before the first daily check.",
        key="version",
        of="features",
        absent=empty,
    )
    drift: ModelDrift | None = answered(
        drift_store.newest,
        "What the last daily check for drift showed; null before the first.",
        key="version",
    )
    hazard_ratios: list[HazardRatio] | None = of_effects(
        "How the hazard goes with each input; the farthest from 1 come first. Those of the part for"
        " newcomers, where it has one, come last. Null where the model cannot be read. These are"
        " associations, not causes.",
        by=_ratios,
    )
    report_url: str | None = of_card(
        "The path on this host where everybody who may read finds its report, a page of HTML"
        " without links. Null where none was made.",
        by=_report_url,
    )
    card: str | None = of_card(
        "The model card, in Markdown: its purpose, its quality, its limits. Null without one.",
        of="card",
    )
    calibration: list[CalibrationBin] | None = of_card(
        "What was forecast and what came, by tenths of accounts that it was not fitted to; the"
        " lowest comes first. Null without such figures, empty where nobody was followed so long.",
        by=_calibration,
    )
    calibration_report: list[HorizonCalibration] | None = of_card(
        "The same by horizon and by part of the accounts. Null without such figures.",
        by=_by_horizon,
    )
    backtest: list[BacktestWindow] | None = of_card(
        "Its recipe on days that have passed; the oldest comes first. Null without such figures,"
        " empty where the history is too short to go back.",
        by=_backtest,
    )
    known_limits: list[str] | None = of_card(
        "What it cannot do, in sentences; null without a report.", of="limits"
    )
    effect_curves: list[EffectCurve] | None = of_effects(
        "Partial effects: the hazard along each input while every other is at its mean. Null where"
        " the model cannot be read. These are associations, not causes.",
        by=_curves,
    )

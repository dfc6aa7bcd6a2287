"""What published models say of their signals, read from their documents."""

from dataclasses import dataclass

from ml.scoring import effects as effects_scoring
from ml.scoring.effects import EffectCurve, Ratio
from ml.scoring.hazards import ChurnModel
from services.risk.domain.chance import ForecastBasis
from services.risk.forecasting.models import MODELS
from shared.platform.db import Conn


@dataclass(frozen=True, slots=True)
class PartRatio:
    """A hazard ratio, and the part of the model that says so."""

    part: ForecastBasis
    ratio: Ratio


@dataclass(frozen=True, slots=True)
class PartCurve:
    """A partial effect, and the part of the model that says so."""

    part: ForecastBasis
    curve: EffectCurve


@dataclass(frozen=True, slots=True)
class Effects:
    """Hazard ratios and partial effects of a model, all associations; its main part comes first."""

    ratios: list[PartRatio]
    curves: list[PartCurve]


async def model_effects(conn: Conn, versions: list[str]) -> dict[str, Effects]:
    """Effects by version; models that cannot be read are absent."""
    models = await MODELS.by_version(conn, set(versions))
    return {version: _effects(_parts(model)) for version, model in models.items()}


def _effects(parts: dict[ForecastBasis, ChurnModel]) -> Effects:
    effects = Effects([], [])
    for part, model in parts.items():
        effects.ratios.extend(PartRatio(part, ratio) for ratio in effects_scoring.ratios(model))
        effects.curves.extend(PartCurve(part, curve) for curve in effects_scoring.curves(model))
    return effects


def _parts(model: ChurnModel) -> dict[ForecastBasis, ChurnModel]:
    parts = {ForecastBasis.STRATA if model.is_curves else ForecastBasis.MODEL: model}
    if model.newcomers is not None:
        parts[ForecastBasis.NEWCOMERS] = model.newcomers
    return parts

"""What published models say of their signals, read from their documents."""

from dataclasses import dataclass

from ml.scoring import effects as effects_scoring
from ml.scoring.effects import EffectCurve, Ratio
from ml.scoring.hazards import ChurnModel
from services.risk.domain.chance import ForecastBasis
from services.risk.forecasting.replay import MODELS
from shared.platform.db import Conn


@dataclass(frozen=True, slots=True)
class Effects:
    """Hazard ratios and partial effects of a part of a model, all associations."""

    part: ForecastBasis
    ratios: list[Ratio]
    curves: list[EffectCurve]


async def model_effects(conn: Conn, versions: list[str]) -> dict[str, list[Effects]]:
    """Effects by version, the model for all first; models that cannot be read are absent."""
    return {
        version: [
            Effects(part, effects_scoring.ratios(speaks), effects_scoring.curves(speaks))
            for part, speaks in _parts(model).items()
        ]
        for version, model in (await MODELS.of(conn, set(versions))).items()
    }


def _parts(model: ChurnModel) -> dict[ForecastBasis, ChurnModel]:
    found = {ForecastBasis.STRATA if model.is_curves else ForecastBasis.MODEL: model}
    if model.newcomers is not None:
        found[ForecastBasis.NEWCOMERS] = model.newcomers
    return found

"""What published models say of their signals, read from their documents."""

from dataclasses import dataclass

from ml import effects
from ml.effects import EffectCurve, Ratio
from services.risk.replay import MODELS
from shared.db import Conn


@dataclass(frozen=True, slots=True)
class Effects:
    """Hazard ratios and partial effects of a model, all associations."""

    ratios: list[Ratio]
    curves: list[EffectCurve]


async def model_effects(conn: Conn, versions: list[str]) -> dict[str, Effects]:
    """Effects by version; models that cannot be read are absent."""
    return {
        version: Effects(effects.ratios(model), effects.curves(model))
        for version, model in (await MODELS.of(conn, set(versions))).items()
    }

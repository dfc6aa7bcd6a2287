"""What risk knows of drift: how far inputs, scores and outcomes have moved from the model."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

PSI_MOVED: Final = 0.25
"""The index from which a signal counts as moved, unless chance alone explains it."""

MIN_EXPECTED: Final = 5.0
"""Fewer expected losses than this say nothing about calibration."""

OE_Z: Final = 1.959963984540054
HORIZONS_DAYS: Final = (30, 90, 180, 365)
SPREAD_DAYS: Final = 90
"""A forecast is held against its horizon if it was served at most so long before it matured."""


@dataclass(frozen=True, slots=True)
class FeatureDrift:
    """How far one signal's values have moved since training; `psi` None: nothing to compare."""

    feature: str
    psi: float | None
    by_chance: float
    unknown_before: float
    unknown_now: float
    moved: bool


@dataclass(frozen=True, slots=True)
class HorizonDrift:
    """Matured forecasts against what came: losses within so many days, with a 95 % interval."""

    horizon_days: int
    forecasts: int
    observed: int
    expected: float
    ratio: float | None
    low: float | None
    high: float | None
    off: bool


@dataclass(frozen=True, slots=True)
class Drift:
    """What the watch saw of a model at `as_of`; `alarms` says in words what moved."""

    version: str
    as_of: datetime
    accounts: int
    features: list[FeatureDrift]
    score_psi: float | None
    calibration: list[HorizonDrift]
    alarms: list[str]


class DriftKind(StrEnum):
    FEATURE = "FEATURE"
    SCORES = "SCORES"
    CALIBRATION = "CALIBRATION"


@dataclass(frozen=True, slots=True)
class ModelDriftNoticed:
    """An alarm, told once when it begins: the model speaks of a world that has moved."""

    version: str
    as_of: datetime
    alarm: str


@dataclass(frozen=True, slots=True)
class ModelDriftEnded:
    """What an alarm spoke of is within its bounds again."""

    version: str
    as_of: datetime
    alarm: str


def horizon_drift(horizon_days: int, chances: Sequence[float], observed: int) -> HorizonDrift:
    """Observed over expected losses; the interval takes their number as Poisson (Byar).

    References
    ----------
    Breslow and Day (1987), Statistical Methods in Cancer Research II, IARC: Byar's approximation.
    """
    expected = sum(chances)
    if expected < MIN_EXPECTED:
        return HorizonDrift(horizon_days, len(chances), observed, expected, None, None, None, False)
    low, high = (bound / expected for bound in _poisson(observed))
    ratio, off = observed / expected, not low <= 1 <= high
    return HorizonDrift(horizon_days, len(chances), observed, expected, ratio, low, high, off)


def _poisson(count: int) -> tuple[float, float]:
    up = count + 1
    high = up * (1 - 1 / (9 * up) + OE_Z / (3 * math.sqrt(up))) ** 3
    if not count:
        return 0.0, high
    return count * (1 - 1 / (9 * count) - OE_Z / (3 * math.sqrt(count))) ** 3, high


def alarms_of(
    features: Sequence[FeatureDrift], score_drift: bool, calibration: Sequence[HorizonDrift]
) -> list[str]:
    """The names of what is out of bounds, in a fixed order."""
    return [
        *(f"{DriftKind.FEATURE}:{drift.feature}" for drift in features if drift.moved),
        *([str(DriftKind.SCORES)] if score_drift else []),
        *(f"{DriftKind.CALIBRATION}:{drift.horizon_days}" for drift in calibration if drift.off),
    ]

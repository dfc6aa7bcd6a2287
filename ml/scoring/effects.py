"""What a model says of each signal: hazard ratios and partial effects with 90 % intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml.scoring.document import Feature, Level
from ml.scoring.features import UNKNOWN, design
from ml.scoring.hazards import NUDGE, Cause, ChurnModel
from ml.scoring.score import LEVEL_Z

Floats = NDArray[np.float64]

POINTS: Final = 25


@dataclass(frozen=True, slots=True)
class Ratio:
    """How the hazard of a cause differs between two values of a signal, with its 90 % interval."""

    feature: str
    label: str
    source: str
    cause: str
    start: Level
    end: Level
    ratio: float
    low: float
    high: float

    @property
    def certain(self) -> bool:
        """Whether the interval leaves no doubt of the direction."""
        return self.low > 1 or self.high < 1


@dataclass(frozen=True, slots=True)
class EffectPoint:
    """The hazard at a value of a signal over that at its reference value."""

    value: Level
    ratio: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class EffectCurve:
    """A signal's partial effect on the hazard of a cause, every other signal at its mean."""

    feature: str
    label: str
    cause: str
    reference: Level
    points: list[EffectPoint]


def ratios(model: ChurnModel) -> list[Ratio]:
    """Hazard ratios of every signal and cause, those farthest from 1 first.

    A number's is that between its outer knots (the 5th and 95th percentile in training), or
    between the smallest and the largest value seen where it has none; a level's is against the
    reference level. Association, not cause; the ridge pulls them towards 1. Where some accounts
    never leave, hazards are not proportional: the ratio is that of cumulative hazards over all the
    time the data speak for, every other signal at its mean.
    """
    contrasts = [
        Ratio(feature.name, feature.label, feature.source, cause, start, end, *numbers)
        for feature in model.document.features
        for start, end in _contrasts(feature)
        for cause, numbers in _compared(model, feature, start, [end])
        for numbers in [numbers[0]]
        if numbers[1] < numbers[2]  # a level that other signals already say has no term
    ]
    return sorted(contrasts, key=lambda ratio: -abs(np.log(ratio.ratio)))


def curves(model: ChurnModel, points: int = POINTS) -> list[EffectCurve]:
    """Partial effects of every signal and cause over the values that training saw."""
    return [
        EffectCurve(
            feature.name,
            feature.label,
            cause,
            reference,
            [EffectPoint(value, *triple) for value, triple in zip(grid, numbers, strict=True)],
        )
        for feature in model.document.features
        for reference, grid in [_grid(feature, points)]
        for cause, numbers in _compared(model, feature, reference, grid)
    ]


def _contrasts(feature: Feature) -> list[tuple[Level, Level]]:
    if feature.kind == "level":
        return [(feature.reference, level) for level in feature.levels]
    outer = (feature.knots[0], feature.knots[-1]) if feature.knots else None
    low, high = outer or (_read(feature, feature.low), _read(feature, feature.high))
    return [(_in_words(feature, low), _in_words(feature, high))] if low < high else []


def _grid(feature: Feature, points: int) -> tuple[Level, list[Level]]:
    """The reference value and the values of a curve, evenly spaced as the model reads them."""
    if feature.kind == "level":
        return feature.reference, [feature.reference, *feature.levels]
    ends = (feature.low, feature.high)
    if feature.knots:
        ends = tuple(_in_words(feature, knot) for knot in (feature.knots[0], feature.knots[-1]))
    low, high = (_read(feature, end) for end in ends)
    grid = np.linspace(low, high, points).tolist()
    return _in_words(feature, feature.fill), [_in_words(feature, x) for x in grid]


def _read(feature: Feature, value: float) -> float:
    return float(np.log1p(value)) if feature.logarithmic else value


def _in_words(feature: Feature, x: float) -> float:
    value = float(np.expm1(x)) if feature.logarithmic else x
    return float(np.clip(value, feature.low, feature.high))


def _compared(
    model: ChurnModel, feature: Feature, start: Level, ends: Sequence[Level]
) -> list[tuple[str, list[tuple[float, float, float]]]]:
    """By cause, the hazard ratio of each end against the start with its interval."""
    values = _column(feature, [start, *ends])
    own = [t.feature == feature.name and t.kind != "product" for t in model.document.terms]
    terms = [term for term, mine in zip(model.document.terms, own, strict=True) if mine]
    matrix = design({feature.name: values}, [feature], terms)[0]
    at = np.flatnonzero(own)
    comparisons: list[tuple[str, list[tuple[float, float, float]]]] = []
    for cause in causes(model):
        log_hazard, slope = _log_hazard(cause, matrix @ cause.coefficients[at])
        log_ratio = log_hazard[1:] - log_hazard[0]
        gradient = slope[1:, None] * matrix[1:] - slope[0] * matrix[0]
        variance = cause.variance[np.ix_(at, at)]
        error = np.sqrt(np.maximum(np.sum(gradient @ variance * gradient, axis=1), 0.0))
        bounds = np.exp([log_ratio, log_ratio - LEVEL_Z * error, log_ratio + LEVEL_Z * error])
        comparisons.append(
            (cause.name, [(float(v), float(lo), float(hi)) for v, lo, hi in bounds.T])
        )
    return comparisons


def _log_hazard(cause: Cause, eta: Floats) -> tuple[Floats, Floats]:
    """Log cumulative hazard by log hazard ratio, both (values,), but for a constant; its slope.

    In a mixture with accounts that never leave, that over all the time the data speak for.
    """
    if cause.document.cure is None:
        return eta, np.ones_like(eta)
    (stratum,) = cause.document.strata.values()
    last = np.array(stratum.cumulative_hazard[-1])
    low, here, high = (np.log(cause.own(last, eta + way * NUDGE)) for way in (-1, 0, 1))
    return here, (high - low) / (2 * NUDGE)


def _column(feature: Feature, values: Sequence[Level]) -> NDArray[Any]:
    column = np.empty(len(values), dtype=object)
    is_level = feature.kind == "level"
    column[:] = [None if is_level and value == UNKNOWN else value for value in values]
    return column


def causes(model: ChurnModel) -> list[Cause]:
    """Causes of which it is known what makes a difference."""
    return [cause for cause in model.causes if cause.document.effects != "none"]

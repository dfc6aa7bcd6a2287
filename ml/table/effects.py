"""What makes a difference in a fitted table: hazard ratios of one change at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml.document import Feature
from ml.evaluate import ready
from ml.features import Columns, Floats, design, level_of, numbers
from ml.score import LEVEL_Z
from ml.table.forecast import Fitted
from ml.table.table import Table

LOW: Final = 0.1
HIGH: Final = 0.9


@dataclass(frozen=True, slots=True)
class Effect:
    """Hazard of `value` over that of `against` for an otherwise typical row, with 90 % interval.

    An association, not a cause.
    """

    signal: str
    value: str
    against: str
    ratio: float
    low: float
    high: float


def effects(fitted: Fitted, table: Table) -> list[Effect]:
    """Hazard ratios, those furthest from one first.

    A level stands against the most common one, a number's 90th percentile against its 10th. The
    typical row has each signal's most common level or median; products with other signals are
    read there.
    """
    model = fitted.model
    typical = {f.name: _typical(table.columns[f.name], f) for f in model.features}
    changes = [
        (feature, value, against)
        for feature in model.features
        for value, against in _contrasts(feature, table.columns)
    ]
    high = _matrix(fitted, typical, [(f.name, value) for f, value, _ in changes])
    low = _matrix(fitted, typical, [(f.name, against) for f, _, against in changes])
    ratio, error = _ratios(fitted, high - low)
    found = [
        Effect(f.name, _said(value), _said(against), *_interval(ratio[i], error[i]))
        for i, (f, value, against) in enumerate(changes)
    ]
    return sorted(found, key=lambda effect: -abs(np.log(effect.ratio)))


def _ratios(fitted: Fitted, contrast: Floats) -> tuple[Floats, Floats]:
    """Log hazard ratios and their standard errors, shape (contrasts,)."""
    model = ready(fitted.model)
    variance = np.einsum("ij,jk,ik->i", contrast, model.variance, contrast)
    return contrast @ model.coefficients, np.sqrt(np.maximum(variance, 0.0))


def _interval(log_ratio: float, error: float) -> tuple[float, float, float]:
    low, high = log_ratio - LEVEL_Z * error, log_ratio + LEVEL_Z * error
    return float(np.exp(log_ratio)), float(np.exp(low)), float(np.exp(high))


def _typical(values: NDArray[Any], feature: Feature) -> Any:
    if feature.kind == "level":
        return feature.reference
    return float(np.nanmedian(numbers(values)))


def _contrasts(feature: Feature, columns: Columns) -> Iterator[tuple[Any, Any]]:
    if feature.kind == "level":
        yield from ((level, feature.reference) for level in feature.levels)
        return
    known = numbers(columns[feature.name])
    low, high = np.nanquantile(known, (LOW, HIGH), method="nearest").tolist()
    if low == high:
        low, high = float(np.nanmin(known)), float(np.nanmax(known))
    yield high, low


def _matrix(fitted: Fitted, typical: dict[str, Any], changes: list[tuple[str, Any]]) -> Floats:
    columns: dict[str, NDArray[Any]] = {}
    for name, value in typical.items():
        column = np.full(len(changes), None, dtype=object)
        column[:] = [new if changed == name else value for changed, new in changes]
        columns[name] = column
    return design(columns, fitted.model.features, fitted.model.terms)[0]


def _said(value: Any) -> str:
    level = level_of(value)
    return level if isinstance(level, str) else f"{level:.4g}"

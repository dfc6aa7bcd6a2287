"""From what the services tell about accounts to the model's design matrix, in numpy alone."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ml.scoring.document import Feature, Level, Term
from shared.vocabulary.landmark import FeatureRow

Floats: TypeAlias = NDArray[np.float64]
Columns: TypeAlias = Mapping[str, NDArray[Any]]
"""Signal name to its values, one per row: floats, NaN for unknown, or objects, None for unknown."""

UNKNOWN: Final = "unknown"
"""Level of a signal that was not known, where training saw enough of those."""


def columns_of(rows: Sequence[FeatureRow], names: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Turn rows into columns of objects; a name absent from a row is None there."""
    columns: dict[str, NDArray[Any]] = {}
    for name in names:
        column = np.empty(len(rows), dtype=object)
        column[:] = [row.get(name) for row in rows]
        columns[name] = column
    return columns


def numbers(values: NDArray[Any]) -> Floats:
    """Values as floats; None, text and infinities become NaN."""
    if values.dtype != object:
        floats = values.astype(np.float64)
    else:
        try:
            floats = values.astype(np.float64)
        except (TypeError, ValueError):
            floats = np.array([_number(value) for value in values], dtype=np.float64)
    return np.where(np.isfinite(floats), floats, np.nan)


def known_of(values: NDArray[Any]) -> NDArray[np.bool_]:
    """True where a value is known: neither None nor NaN, shape (rows,)."""
    if values.dtype != object:
        return values == values
    return np.array([v is not None and v == v for v in values.tolist()])


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else np.nan


def spline(x: Floats, knots: Sequence[float]) -> Floats:
    """Restricted cubic spline's nonlinear parts: linear beyond the outer knots.

    Parameters
    ----------
    x
        Values, shape (rows,).
    knots
        At least three, rising.

    Returns
    -------
    Shape (rows, knots − 2), in units of x.

    References
    ----------
    Harrell (2015), Regression Modeling Strategies, 2nd ed., 2.4.5.
    """
    k = np.asarray(knots, dtype=np.float64)
    cubes = np.clip(x[:, None] - k[None, :], 0.0, None) ** 3
    gap = k[-1] - k[-2]
    inner = k[:-2]
    parts = (
        cubes[:, :-2]
        - cubes[:, [-2]] * (k[-1] - inner) / gap
        + cubes[:, [-1]] * (k[-2] - inner) / gap
    )
    return parts / (k[-1] - k[0]) ** 2


def read_number(
    values: NDArray[Any], feature: Feature
) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_]]:
    """A numeric signal as the model reads it, where it was missing, and what was unlike training.

    Values beyond the range seen in training are taken as its nearest end; missing ones as the mean.
    """
    raw = numbers(values)
    missing = np.isnan(raw)
    clipped = np.clip(raw, feature.low, feature.high)
    odd = (~missing & (clipped != raw)) | (missing & (not feature.may_be_missing))
    x = np.log1p(clipped) if feature.logarithmic else clipped
    return np.where(missing, feature.fill, x), missing, odd


def read_level(
    values: NDArray[Any], feature: Feature
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Position of each value among the levels (−1: reference) and what was unlike training.

    A number never seen is taken as the nearest known one, anything else unseen as the reference.
    """
    places: dict[Level, int] = {level: i for i, level in enumerate(feature.levels)}
    places[feature.reference] = -1
    numeric = sorted(level for level in places if isinstance(level, float))
    texts = [level_of(value) for value in values]
    positions = {text: _position(text, places, numeric) for text in set(texts)}
    at = np.array([positions[text][0] for text in texts], dtype=np.int64)
    return at, np.array([positions[text][1] for text in texts], dtype=np.bool_)


def level_of(value: object) -> Level:
    """A value as a level: numbers as floats, booleans as `true`/`false`, None as `unknown`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return float(value) if math.isfinite(value) else UNKNOWN
    return UNKNOWN if value is None else str(value)


def _position(
    level: Level, places: Mapping[Level, int], numeric: Sequence[float]
) -> tuple[int, bool]:
    if level in places:
        return places[level], False
    if isinstance(level, float) and numeric:
        return places[min(numeric, key=lambda other: abs(other - level))], True
    return places.get("other", -1), True


def design(
    columns: Columns, features: Sequence[Feature], terms: Sequence[Term]
) -> tuple[Floats, dict[str, NDArray[np.bool_]]]:
    """The design matrix: each term standardised by the mean and scale it had in training.

    Returns
    -------
    Matrix of shape (rows, terms), 0 at the training mean; and per feature the rows, shape (rows,),
    whose value was unlike anything seen in training (unseen level, out of range, newly missing).
    """
    rows = len(next(iter(columns.values()))) if columns else 0
    matrix = np.empty((rows, len(terms)))
    by_name = {feature.name: feature for feature in features}
    odd: dict[str, NDArray[np.bool_]] = {}
    places: dict[str, list[int]] = {}
    for i, term in enumerate(terms):
        if term.kind != "product":
            places.setdefault(term.feature, []).append(i)
    for name, at in places.items():
        parts, odd[name] = term_values(columns[name], by_name[name], [terms[i] for i in at])
        matrix[:, at] = parts
    _standardise(matrix, terms)
    return matrix, odd


def _standardise(matrix: Floats, terms: Sequence[Term]) -> None:
    for i, term in enumerate(terms):
        if term.kind == "product":
            matrix[:, i] = matrix[:, term.left] * matrix[:, term.right]
        matrix[:, i] = (matrix[:, i] - term.mean) / term.scale


def term_values(
    values: NDArray[Any], feature: Feature, terms: Sequence[Term]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Raw values of some terms of a feature, shape (rows, terms), and what was unlike training."""
    if feature.kind == "level":
        at, odd = read_level(values, feature)
        positions = {level: i for i, level in enumerate(feature.levels)}
        return np.stack([at == positions[term.level] for term in terms], axis=1).astype(
            np.float64
        ), odd
    x, missing, odd = read_number(values, feature)
    curved = spline(x, feature.knots) if feature.knots else np.empty((len(x), 0))
    whole = {"linear": x, "missing": missing.astype(np.float64)}
    parts = [curved[:, term.knot] if term.kind == "spline" else whole[term.kind] for term in terms]
    return np.stack(parts, axis=1), odd

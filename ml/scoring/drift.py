"""How far the spread of a signal has moved: counts in the same bins, and the index of the two."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from ml.scoring.features import UNKNOWN, level_of
from shared.vocabulary.model_document import Histogram

STEADY: Final = 0.10
"""An index up to here is usually called stable."""

MIN_SHARE: Final = 1e-4
"""An empty bin counts as this share, or one account would make the index infinite."""


def counted(values: Sequence[object], like: Histogram) -> Histogram:
    """The same bins with the counts of these values."""
    bins = len(like.edges) + 1 if like.edges else len(like.levels) + 1
    counts = [0] * (bins + 1)
    place = {level: i for i, level in enumerate(like.levels)}
    for value in values:
        counts[_bin(level_of(value), like, place, bins)] += 1
    return Histogram(like.edges, like.levels, counts)


def _bin(level: str | float, like: Histogram, place: dict[str, int], bins: int) -> int:
    if level == UNKNOWN:
        return bins
    if not like.edges:
        return place.get(str(level), bins - 1)
    if not isinstance(level, float):
        return bins
    return int(np.searchsorted(like.edges, level, side="right"))


def psi(reference: Sequence[int], served: Sequence[int]) -> float | None:
    """Population stability index: Σ (q − p)·ln(q/p) over bins; 0 where nothing moved.

    Parameters
    ----------
    reference
        Counts by bin when the model was trained.
    served
        Counts in the same bins now.

    Returns
    -------
    0 or more; None where one of the two is empty. Below .10 is usually called stable, above .25
    moved.

    References
    ----------
    Yurdakul (2018), Statistical properties of population stability index, Western Michigan
    University: under no change about (bins − 1)·(1/n + 1/m).
    """
    before, now = sum(reference), sum(served)
    if not before or not now:
        return None
    shares = [
        (max(p / before, MIN_SHARE), max(q / now, MIN_SHARE))
        for p, q in zip(reference, served, strict=True)
    ]
    return sum((q - p) * math.log(q / p) for p, q in shares)


def psi_by_chance(reference: Sequence[int], served: Sequence[int]) -> float:
    """About the index's 95th percentile if nothing moved: what so few accounts show by chance."""
    bins = sum(1 for p, q in zip(reference, served, strict=True) if p or q)
    free = max(bins - 1, 1)
    scale = 1 / max(sum(reference), 1) + 1 / max(sum(served), 1)
    return scale * free * (1 - 2 / (9 * free) + 1.6449 * math.sqrt(2 / (9 * free))) ** 3

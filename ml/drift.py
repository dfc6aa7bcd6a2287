"""How signals were spread when a model was trained, and how far what is served has moved since."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml.features import UNKNOWN, level_of, numbers
from ml.frame import Frame
from shared.evidence import Drift, Moved
from shared.model_document import Histogram

BINS: Final = 10
LEVELS_MOST: Final = 20
YEAR_DAYS: Final = 365
STEADY: Final = 0.10
"""An index up to here is usually called stable."""

LEAST: Final = 1e-4
"""An empty bin counts as this share, or one account would make the index infinite."""


def newest_rows(frame: Frame) -> Frame:
    """The rows of the newest landmark; frames are in order of time, so they stand at the end."""
    seen: set[int] = set()
    first = len(frame)
    for number in frame.account[::-1].tolist():
        if number in seen:
            break
        seen.add(number)
        first -= 1
    return frame.take(np.arange(first, len(frame)))


def while_growing(frame: Frame, names: Iterable[str]) -> Drift | None:
    """What moved from the landmark a year before the newest, or the oldest, to the newest.

    Parameters
    ----------
    frame
        Training rows.
    names
        Signals to look at.

    Returns
    -------
    Signals whose index is above .10 and above what chance explains; None on the `start` clock or
    where there is one landmark only.
    """
    days = np.unique(frame.day)
    if frame.clock == "start" or len(days) < 2:
        return None
    earlier = int(days[np.abs(days - (days[-1] - YEAR_DAYS)).argmin()])
    before, now = frame.take(frame.day == earlier), frame.take(frame.day == days[-1])
    looked = [name for name in names if name in frame.columns]
    found = [_moved(name, before.columns[name], now.columns[name]) for name in looked]
    moved = sorted((one for one in found if one is not None), key=lambda one: -one.psi)
    newest = date.fromordinal(int(days[-1]))
    return Drift(f"{date.fromordinal(earlier)}", f"{newest}", len(looked), moved)


def _moved(name: str, before: NDArray[Any], now: NDArray[Any]) -> Moved | None:
    like = histogram(before)
    counts = counted(now.tolist(), like).counts
    index, by_chance = psi(like.counts, counts), psi_by_chance(like.counts, counts)
    if index is None or index <= max(STEADY, by_chance):
        return None
    return Moved(name, index, by_chance)


def references(frame: Frame, names: Iterable[str]) -> dict[str, Histogram]:
    """How each of these signals was spread over the accounts of the newest landmark."""
    newest = newest_rows(frame)
    return {name: histogram(newest.columns[name]) for name in names if name in newest.columns}


def histogram(values: NDArray[Any]) -> Histogram:
    """Numbers in tenths of their own spread, anything else by level; both with the unknown ones."""
    levels = [level_of(value) for value in values.tolist()]
    known = [level for level in levels if level != UNKNOWN]
    if known and all(isinstance(level, float) for level in known):
        found = numbers(values)
        cuts = np.unique(np.quantile(found[~np.isnan(found)], np.arange(1, BINS) / BINS))
        return counted(values.tolist(), Histogram(cuts.tolist(), [], []))
    common = [str(level) for level, _ in Counter(map(str, known)).most_common(LEVELS_MOST)]
    return counted(values.tolist(), Histogram([], sorted(common), []))


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
        (max(p / before, LEAST), max(q / now, LEAST))
        for p, q in zip(reference, served, strict=True)
    ]
    return sum((q - p) * math.log(q / p) for p, q in shares)


def psi_by_chance(reference: Sequence[int], served: Sequence[int]) -> float:
    """About the index's 95th percentile if nothing moved: what so few accounts show by chance."""
    bins = sum(1 for p, q in zip(reference, served, strict=True) if p or q)
    free = max(bins - 1, 1)
    scale = 1 / max(sum(reference), 1) + 1 / max(sum(served), 1)
    return scale * free * (1 - 2 / (9 * free) + 1.6449 * math.sqrt(2 / (9 * free))) ** 3

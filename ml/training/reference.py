"""How signals were spread when a model was trained, and what moved while its rows grew."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml.frames.frame import Frame
from ml.scoring.drift import STEADY, counted, psi, psi_by_chance
from ml.scoring.features import UNKNOWN, level_of, numbers
from shared.vocabulary.evidence import Drift, SignalDrift
from shared.vocabulary.model_document import Histogram

BINS: Final = 10
MAX_LEVELS: Final = 20
YEAR_DAYS: Final = 365


def newest_rows(frame: Frame) -> Frame:
    """The rows of the newest landmark; frames are in order of time, so they stand at the end."""
    accounts: set[int] = set()
    first = len(frame)
    for number in frame.account[::-1].tolist():
        if number in accounts:
            break
        accounts.add(number)
        first -= 1
    return frame.take(np.arange(first, len(frame)))


def while_growing(frame: Frame, names: Iterable[str]) -> Drift | None:
    """What moved from the landmark a year before the newest, or the oldest, to the newest.

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
    present = [name for name in names if name in frame.columns]
    changes = [_drift(name, before.columns[name], now.columns[name]) for name in present]
    drifts = sorted(
        (change for change in changes if change is not None), key=lambda change: -change.psi
    )
    newest = date.fromordinal(int(days[-1]))
    return Drift(f"{date.fromordinal(earlier)}", f"{newest}", len(present), drifts)


def _drift(name: str, before: NDArray[Any], now: NDArray[Any]) -> SignalDrift | None:
    like = histogram(before)
    counts = counted(now.tolist(), like).counts
    index, by_chance = psi(like.counts, counts), psi_by_chance(like.counts, counts)
    if index is None or index <= max(STEADY, by_chance):
        return None
    return SignalDrift(name, index, by_chance)


def references(frame: Frame, names: Iterable[str]) -> dict[str, Histogram]:
    """How each of these signals was spread over the accounts of the newest landmark."""
    newest = newest_rows(frame)
    return {name: histogram(newest.columns[name]) for name in names if name in newest.columns}


def histogram(values: NDArray[Any]) -> Histogram:
    """Numbers in tenths of their own spread, anything else by level; both with the unknown ones."""
    levels = [level_of(value) for value in values.tolist()]
    present = [level for level in levels if level != UNKNOWN]
    if present and all(isinstance(level, float) for level in present):
        finite = numbers(values)
        cuts = np.unique(np.quantile(finite[~np.isnan(finite)], np.arange(1, BINS) / BINS))
        return counted(values.tolist(), Histogram(cuts.tolist(), [], []))
    common = [str(level) for level, _ in Counter(map(str, present)).most_common(MAX_LEVELS)]
    return counted(values.tolist(), Histogram([], sorted(common), []))

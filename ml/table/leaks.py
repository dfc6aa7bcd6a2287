"""Columns that tell what became of a row: filled in afterwards, or copies of the label."""

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.scoring.features import Floats
from ml.table.labels import Labels
from ml.table.question import Question
from ml.table.signals import Signal, Signals

TELLS: Final = 0.9
"""How far the values of the lost may lie from those of the others, 0 to 1."""
SAME_ORDER: Final = 0.98
"""Rank correlation with the time followed from which on a column is that time."""
OVERLAP: Final = 0.05
"""Share of the changes that chance would make at which spans of time still are spans."""
MIN_SEEN: Final = 5
"""Values in fewer rows are counted together: an id tells nothing."""
MAX_VALUES: Final = 20
MIN_EXPECTED: Final = 3.0
"""Of so many expected losses none comes to pass once in twenty times."""


def without_leaks(signals: Signals, labels: Labels, question: Question) -> Signals:
    """Leave out the columns that tell who was lost, or how long each row was followed.

    When a panel's row begins, or a subject's observation, is part of the question and stays.
    """
    honest: list[Signal] = []
    columns = dict(signals.columns)
    for signal in signals.every:
        note = ""
        if signal.name in columns and signal.name not in (question.time, question.entry):
            note = _leak(columns[signal.name], labels, question)
        if note:
            del columns[signal.name]
        honest.append(Signal(signal.name, "left out", note) if note else signal)
    return Signals(columns, tuple(honest))


def _leak(values: NDArray[Any], labels: Labels, question: Question) -> str:
    event = labels.event
    if not 0 < event.sum() < len(event):
        return ""
    present = np.array([value is not None for value in values.tolist()])
    if _distance(present, event) >= TELLS:
        return "whether it is known tells who was lost: it was filled in afterwards"
    numbers = _numbers(values)
    apart = 0.0 if numbers is None else _spread(numbers, event)
    if max(_distance(_common(values), event), apart) >= TELLS:
        return f"it tells who was lost: a copy of {question.event}, or filled in afterwards"
    follows = numbers is not None and _follows(numbers, labels.duration)
    if follows or _parts(_common(values), labels.duration):
        return f"it orders the rows as {question.duration} does: a copy, or filled in afterwards"
    return ""


def _common(values: NDArray[Any]) -> NDArray[np.int64]:
    """Each row's value as a number, -1 for the rare ones."""
    codes = pd.factorize(np.array([str(value) for value in values.tolist()]))[0]
    counts = np.bincount(codes)
    return np.where(counts[codes] < MIN_SEEN, -1, codes)


def _distance(values: NDArray[Any], event: NDArray[np.bool_]) -> float:
    """Half the sum of differences of shares, of the lost and of the others: 0 alike, 1 apart."""
    codes = np.unique(values, return_inverse=True)[1]
    lost = np.bincount(codes[event], minlength=int(codes.max()) + 1) / event.sum()
    stayed = np.bincount(codes[~event], minlength=int(codes.max()) + 1) / (~event).sum()
    return float(np.abs(lost - stayed).sum() / 2)


def _numbers(values: NDArray[Any]) -> Floats | None:
    """The column as numbers, NaN for unknown; none if it has texts."""
    try:
        return np.array([np.nan if v is None else float(v) for v in values.tolist()])
    except ValueError:
        return None


def _spread(numbers: Floats, event: NDArray[np.bool_]) -> float:
    """The largest gap between the distributions of the lost and of the others."""
    finite = np.isfinite(numbers)
    lost, stayed = np.sort(numbers[finite & event]), np.sort(numbers[finite & ~event])
    if min(len(lost), len(stayed)) < MIN_SEEN:
        return 0.0
    places = np.concatenate([lost, stayed])
    below = [np.searchsorted(some, places, side="right") / len(some) for some in (lost, stayed)]
    return float(np.abs(below[0] - below[1]).max())


def _follows(numbers: Floats, duration: Floats) -> bool:
    finite = np.isfinite(numbers)
    table = pd.DataFrame({"number": numbers[finite], "duration": duration[finite]}).rank()
    if min(table["number"].nunique(), table["duration"].nunique()) < MIN_SEEN:
        return False
    return bool(abs(table["number"].corr(table["duration"])) >= SAME_ORDER)


def _parts(codes: NDArray[np.int64], duration: Floats) -> bool:
    """Whether few values part the rows by the time followed: each value has a span of its own."""
    borders = len(np.unique(codes)) - 1
    if not 0 < borders < MAX_VALUES or (codes < 0).any():
        return False
    by_chance = _changes(np.random.default_rng(0).permutation(codes), duration)
    return bool(
        by_chance >= borders * 10 and _changes(codes, duration) <= borders + OVERLAP * by_chance
    )


def _changes(codes: NDArray[np.int64], duration: Floats) -> int:
    """How often the value changes from one row to the next in order of the time followed."""
    return int(np.count_nonzero(np.diff(codes[np.lexsort((codes, duration))])))


def unbounded(signals: Signals, labels: Labels) -> dict[str, str]:
    """Columns with a value of which nobody was lost though several would be, and a note on each.

    No ratio is known of such a value. The fit gives it a size, and an interval, that come from its
    penalty alone.
    """
    expected = _expected(labels)
    notes: dict[str, str] = {}
    for name, values in signals.columns.items():
        kinds, codes = np.unique([str(value) for value in values.tolist()], return_inverse=True)
        if not 1 < len(kinds) <= MAX_VALUES:
            continue
        due = np.bincount(codes, weights=expected)
        safe = (np.bincount(codes, weights=labels.event) == 0) & (due >= MIN_EXPECTED)
        if safe.any():
            shown = ", ".join(f"{kinds[k]} ({due[k]:.0f} expected)" for k in np.flatnonzero(safe))
            notes[name] = (
                f"{name}: nobody was lost with {shown}: its ratio and forecast are bounds at best"
            )
    return notes


def _expected(labels: Labels) -> Floats:
    """Losses to be expected of each row over its time if all were alike (Nelson–Aalen)."""
    order = np.argsort(labels.duration, kind="stable")
    times, first = np.unique(labels.duration[order], return_index=True)
    losses = np.add.reduceat(labels.event[order].astype(np.float64), first)
    summed = np.cumsum(losses / (len(order) - first))
    return summed[np.searchsorted(times, labels.duration)]

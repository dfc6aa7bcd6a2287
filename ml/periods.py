"""Effects that change with the months ahead: rows cut into periods, each with its own effects."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ml.features import Floats
from ml.frame import Frame


@dataclass(frozen=True, slots=True)
class Period:
    """Months `after` + 1 to `until`, counted as durations are; to the end where `until` is None."""

    after: int
    until: int | None

    def within(self, duration: NDArray[np.int64]) -> NDArray[np.int64]:
        """Months of the period that rows lived through, shape (rows,)."""
        last = duration if self.until is None else np.minimum(duration, self.until)
        return np.maximum(last - self.after, 0)


def periods(edges: Sequence[int]) -> list[Period]:
    """The periods that rising edges cut time into; one without an end where there are none."""
    return [Period(a, b) for a, b in zip((0, *edges), (*edges, None), strict=True)]


@dataclass(frozen=True, slots=True)
class Cut:
    """A frame whose rows are cut at the edges, as one Cox model over all periods needs it.

    A row stands once in every period that it reached, in a stratum of that period: who is at risk
    in a month is the same as before, so baselines and, without changes, effects are too. Each term
    stands once for all periods and, if it may change, once more from each edge on: the ridge pulls
    its changes, not the effects themselves, towards nothing.
    """

    frame: Frame
    rows: NDArray[np.int64]
    number: NDArray[np.int64]
    changing: NDArray[np.int64]
    edges: tuple[int, ...]

    @classmethod
    def of(cls, frame: Frame, edges: Sequence[int], changing: Sequence[int]) -> "Cut":
        """Cut a frame; `changing` are places of the terms that may change at the edges."""
        parts: list[Frame] = []
        rows: list[NDArray[np.int64]] = []
        for number, period in enumerate(periods(edges)):
            at = np.flatnonzero(frame.duration > period.after) if number else np.arange(len(frame))
            parts.append(_within(frame, at, period, number))
            rows.append(at)
        sizes = [len(at) for at in rows]
        whole = parts[0] if len(parts) == 1 else _stacked(frame, parts, np.concatenate(rows))
        return cls(
            whole,
            np.concatenate(rows),
            np.repeat(np.arange(len(sizes)), sizes),
            np.array(changing, dtype=np.int64),
            tuple(edges),
        )

    def matrix(self, design: Floats) -> Floats:
        """The design of the cut rows, shape (cut rows, terms + edges × changing terms)."""
        rows = design[self.rows]
        late = [
            rows[:, self.changing] * (self.number > edge)[:, None]
            for edge in range(len(self.edges))
        ]
        return np.concatenate([rows, *late], axis=1)

    def penalties(self, main: Floats, change: float) -> Floats:
        """Ridge penalty of each column, counted per cut row, from those counted per row."""
        share = len(np.unique(self.rows)) / len(self.rows)
        added = np.full(len(self.edges) * len(self.changing), change)
        return np.concatenate([main, added]) * share


def of_period(terms: int, edges: int, changing: Sequence[int], number: int) -> Floats:
    """What turns the cut design's coefficients into those of a period, shape (terms, columns)."""
    found = np.eye(terms, terms + edges * len(changing))
    for edge in range(number):
        columns = terms + edge * len(changing) + np.arange(len(changing))
        found[np.asarray(changing, dtype=np.int64), columns] = 1.0
    return found


def _within(frame: Frame, at: NDArray[np.int64], period: Period, number: int) -> Frame:
    part = frame.take(at)
    last = part.duration if period.until is None else np.minimum(part.duration, period.until)
    seen = part.event & (part.duration == last)
    named = np.char.add(part.stratum, f"|{number}") if number else part.stratum
    return replace(part, duration=last, event=seen, stratum=named)


def _stacked(frame: Frame, parts: Sequence[Frame], rows: NDArray[np.int64]) -> Frame:
    return replace(
        frame.take(rows),
        duration=np.concatenate([part.duration for part in parts]),
        event=np.concatenate([part.event for part in parts]),
        stratum=np.concatenate([part.stratum for part in parts]),
    )

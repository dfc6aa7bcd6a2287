"""What a model was judged on, gathered once at training for its report and its card."""

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from ml import metrics
from ml.drift import Drift
from ml.evaluate import judge, outcome_of
from ml.features import Floats
from ml.frame import Frame
from ml.metrics import Outcome

BINS: Final = 10
MONTHS: Final = (3, 6, 12)
MOST_SEGMENTS: Final = 12
LEAST_LOST: Final = 10
"""Losses below which a segment is named but not judged."""


class Bin(msgspec.Struct, frozen=True):
    """Accounts of like forecast: mean chance of churn predicted, and seen (Kaplan–Meier)."""

    predicted: float
    observed: float
    rows: int


class Segment(msgspec.Struct, frozen=True):
    """Rows of a kind: churn seen and predicted by the month of calibration, and months of both."""

    name: str
    rows: int
    lost: int
    observed: float
    predicted: float
    seen: list[float]
    expected: list[float]


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of a forecast on accounts it was not fitted to.

    `origin`: how they were held out. `rolling` has a row of figures for each origin, where a
    rolling evaluation was made; `drift` says what moved while the data grew, where they have a
    calendar.
    """

    origin: str
    rows: int
    accounts: int
    lost: int
    month: int
    figures: dict[str, float]
    calibration: dict[int, list[Bin]]
    segments: list[Segment]
    rolling: dict[str, dict[str, float]] = msgspec.field(
        default_factory=dict[str, dict[str, float]]
    )
    drift: Drift | None = None


def gathered(training: Frame, others: Frame, survival: Floats, origin: str) -> Evidence:
    """Gather the figures of given chances.

    Parameters
    ----------
    training, others
        Rows fitted to, and rows judged on.
    survival
        Chance of staying through months 0, 1, …, shape (rows judged on, months).
    origin
        How the rows were held out, in words.
    """
    outcome = outcome_of(others)
    reach = min(int(others.duration.max()), survival.shape[1] - 1)
    month = min(max(MONTHS), reach)
    return Evidence(
        origin=origin,
        rows=len(others),
        accounts=others.accounts,
        lost=others.lost,
        month=month,
        figures={k: v for k, v in judge(training, others, survival).items() if np.isfinite(v)},
        calibration={
            m: bins(outcome, 1 - survival[:, m], m) for m in MONTHS if m <= survival.shape[1] - 1
        },
        segments=_segments(others, survival, month),
    )


def bins(outcome: Outcome, churn: Floats, month: int, count: int = BINS) -> list[Bin]:
    """Accounts in groups of like forecast, with what became of them."""
    order = np.argsort(churn, kind="stable")
    found: list[Bin] = []
    for part in np.array_split(order, min(count, len(order))):
        seen = _churned(outcome, part, month)[-1]
        found.append(Bin(float(churn[part].mean()), seen, len(part)))
    return found


def _churned(outcome: Outcome, rows: NDArray[np.int64], month: int) -> list[float]:
    """Churn seen by the end of months 0 … month, shape (month + 1,)."""
    some = Outcome(outcome.duration[rows], outcome.event[rows], closed=outcome.closed)
    curve = metrics.kaplan_meier(some)
    at = np.minimum(np.arange(month + 1), len(curve) - 1)
    return (1 - curve[at]).tolist()


def _segments(frame: Frame, survival: Floats, month: int) -> list[Segment]:
    """By place on the renewal clock, or by the first text that has few values."""
    names = frame.stratum if frame.clock == "landmark" else _texts(frame)
    outcome = outcome_of(frame)
    found: list[Segment] = []
    for name in np.unique(names).tolist()[:MOST_SEGMENTS]:
        at = np.flatnonzero(names == name)
        seen = _churned(outcome, at, month)
        expected = (1 - survival[at, : month + 1].mean(axis=0)).tolist()
        lost = int((outcome.event[at] & (outcome.duration[at] <= month)).sum())
        found.append(Segment(str(name), len(at), lost, seen[-1], expected[-1], seen, expected))
    return found


def _texts(frame: Frame) -> NDArray[np.str_]:
    for name in sorted(frame.columns):
        values = frame.columns[name].tolist()
        if all(isinstance(value, str) for value in values) and 1 < len(set(values)) <= 6:
            return np.array([f"{name}: {value}" for value in values])
    return np.array(["everyone"]).repeat(len(frame))

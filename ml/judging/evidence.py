"""What a model was judged on, gathered once at training for its report, its card and the graph."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.frames.frame import Frame
from ml.judging import metrics
from ml.judging.evaluate import judge, outcome_of
from ml.judging.metrics import Outcome
from ml.scoring.features import Floats
from shared.vocabulary.evidence import Bin, Evidence, Horizon, Segment

BINS: Final = 10
MONTHS: Final = (1, 2, 3, 6, 12)
MAX_SEGMENTS: Final = 14
"""As many as there are places on the renewal clock."""
MIN_LOST: Final = 10
"""Losses below which a segment is named but not judged."""


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
        calibration=[
            _horizon(outcome, 1 - survival[:, m], m) for m in MONTHS if m < survival.shape[1]
        ],
        segments=_segments(others, survival, month),
    )


def _horizon(outcome: Outcome, churn: Floats, month: int) -> Horizon:
    ici = metrics.ici(outcome, churn, month)
    return Horizon(
        month=month,
        lost=int((outcome.event & (outcome.duration <= month)).sum()),
        predicted=float(churn.mean()),
        observed=_churned(outcome, np.arange(len(churn)), month)[-1],
        ici=ici if np.isfinite(ici) else None,
        bins=bins(outcome, churn, month),
    )


def bins(outcome: Outcome, churn: Floats, month: int, count: int = BINS) -> list[Bin]:
    """Accounts in groups of like forecast, with what became of them."""
    order = np.argsort(churn, kind="stable")
    groups: list[Bin] = []
    for part in np.array_split(order, min(count, len(order))):
        observed = _churned(outcome, part, month)[-1]
        groups.append(Bin(float(churn[part].mean()), observed, len(part)))
    return groups


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
    segments: list[Segment] = []
    for name in np.unique(names).tolist()[:MAX_SEGMENTS]:
        at = np.flatnonzero(names == name)
        expected = (1 - survival[at, : month + 1].mean(axis=0)).tolist()
        months = outcome.duration[at][outcome.event[at]]
        losses = [int((months <= m).sum()) for m in range(month + 1)]
        observed = _churned(outcome, at, month)
        segments.append(Segment(str(name), len(at), observed, expected, losses))
    return segments


def _texts(frame: Frame) -> NDArray[np.str_]:
    for name in sorted(frame.columns):
        values = frame.columns[name].tolist()
        if all(isinstance(value, str) for value in values) and 1 < len(set(values)) <= 6:
            return np.array([f"{name}: {value}" for value in values])
    return np.array(["everyone"]).repeat(len(frame))

"""Alarms for forecasts that know too much: help on old rows that is missing when it counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml.backtesting.backtest import Backtest
from ml.frames.frame import Frame
from ml.judging import metrics
from ml.judging.metrics import Outcome
from ml.scoring.features import Floats, known_of, level_of, numbers
from ml.scoring.renewal_clock import HORIZON_MONTHS

MAX_GAP: Final = 0.05
"""AUC at one place of the renewal clock that a forecast may lose between its own rows and later
ones, beside three standard errors.

Honest fits of 45 to 1,600 losses lost .01 to .05 on simulated tenants (docs/forecast.md)."""
TOO_GOOD: Final = 0.97
"""AUC that nothing honest reaches a year ahead; the simulator's own truth stays below .85."""
MIN_SIDE: Final = 20
"""Rows that churned, and rows that stayed, without which a signal is not looked at alone."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that looks like knowledge of the future; `message` says what to look at."""

    model: str
    figure: str
    value: float
    limit: float
    message: str


def alarms(judgement: Backtest) -> list[Alarm]:
    """What is suspicious about each model of a backtest.

    A gap: a model that tells its own rows apart far better than later ones was fed something that
    is known afterwards only, or has learned its rows by heart. Too good: leaks that are in the
    later rows as well close the gap, but no honest forecast is nearly right a year ahead.
    """
    return [*_gaps(judgement), *_too_good(judgement)]


def _gaps(judgement: Backtest) -> list[Alarm]:
    raised: list[Alarm] = []
    for model, own in judgement.own.items():
        for figure, value in own.items():
            later = judgement.figures[model][figure]
            limit = MAX_GAP + 3 * judgement.errors[model][figure]
            if value - later > limit:
                raised.append(
                    Alarm(
                        model, figure, value - later, limit,
                        f"{model}: {figure} is {value:.3f} on its own rows and {later:.3f} on later"
                        f" ones; a gap over {limit:.3f} means that it was fed what is known only"
                        " afterwards, or learned its rows by heart",
                    )
                )  # fmt: skip
    return raised


def _too_good(judgement: Backtest) -> list[Alarm]:
    figure = f"auc_{HORIZON_MONTHS}m"
    return [
        Alarm(
            model, figure, values[figure], TOO_GOOD,
            f"{model}: {figure} is {values[figure]:.3f}; no honest forecast exceeds {TOO_GOOD} a"
            " year ahead: look for a signal that restates the outcome",
        )
        for model, values in judgement.figures.items()
        if model in judgement.own and values[figure] > TOO_GOOD
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Telling:
    """How well one signal alone tells who churns within twelve months, 0.5 … 1."""

    name: str
    auc: float


def telling(frame: Frame, *, min_auc: float = 0.95) -> list[Telling]:
    """Signals that alone tell the outcome almost for certain, the worst first.

    Whether a value is known counts as a signal, too: a reason for leaving is known of leavers only.
    """
    outcome = Outcome(frame.duration, frame.event, closed=True)
    is_lost = frame.event & (frame.duration <= HORIZON_MONTHS)
    stays = metrics.still_there(outcome, min(HORIZON_MONTHS, int(frame.duration.max())))
    if min(int(is_lost.sum()), int(stays.sum())) < MIN_SIDE:
        return []
    is_decided = is_lost | stays
    suspects = [
        Telling(name, _alone(values[is_decided], is_lost[is_decided]))
        for name, values in frame.columns.items()
    ]
    return sorted((t for t in suspects if t.auc >= min_auc), key=lambda t: -t.auc)


def _alone(values: NDArray[Any], is_lost: NDArray[np.bool_]) -> float:
    present = known_of(values)
    sides = [_either_way(present.astype(np.float64), is_lost)]
    if _is_text(values[present].tolist()):
        sides.append(_either_way(_rates(values, is_lost), is_lost))
    else:
        x = numbers(values)
        there = ~np.isnan(x)
        sides.append(_either_way(x[there], is_lost[there]))
    return max(sides)


def _is_text(values: Sequence[object]) -> bool:
    return any(isinstance(value, str | bool) for value in values)


def _rates(values: NDArray[Any], is_lost: NDArray[np.bool_]) -> Floats:
    """Each row's level by the share of its rows that churned."""
    levels = np.array([str(level_of(value)) for value in values.tolist()])
    _, at = np.unique(levels, return_inverse=True)
    share: Floats = np.bincount(at, weights=is_lost) / np.bincount(at)
    return share[at]


def _either_way(x: Floats, is_lost: NDArray[np.bool_]) -> float:
    if min(int(is_lost.sum()), int((~is_lost).sum())) < MIN_SIDE:
        return 0.5
    outcome = Outcome(np.where(is_lost, 1, 2), is_lost)
    area = metrics.auc(outcome, outcome, x, 1)
    return max(area, 1 - area)

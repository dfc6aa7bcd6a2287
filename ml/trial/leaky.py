"""A forecast trained on use of after its landmarks, as a careless query gives it: is it caught?"""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml.backtesting import backtest
from ml.backtesting.backtest import Backtest, Fitter
from ml.backtesting.leakage import alarms
from ml.backtesting.windows import Window
from ml.frames.frame import Frame
from ml.frames.landmarks import USAGE
from ml.scoring.features import numbers

LEAKED: Final = "leaked"
HONEST: Final = "forecast"
FIGURE: Final = "within_3m"
"""Where use known too late shows first: AUC at three months, same place on the renewal clock."""
MONTHS: Final = 2
"""How late: decisions fall sixty days before the end, and then the use of who leaves collapses."""
COUNTS: Final = ("events_28d", "events_prev_28d", "active_", "features_used_28d")
"""Signals that are zero where nobody uses anything; the others are unknown."""


def leaked(frame: Frame, months: int = MONTHS) -> Frame:
    """The frame with each row's signals of use taken from the same account so many months later.

    Parameters
    ----------
    frame
        Rows at monthly landmarks.
    months
        Landmarks between what a row tells and its own.

    Returns
    -------
    The same rows: of accounts lost by then nothing is used; rows that had no later landmark yet
    keep what they had.
    """
    days = np.unique(frame.day)
    at = np.searchsorted(days, frame.day) + months
    day = np.where(at < len(days), days[np.minimum(at, len(days) - 1)], -1)
    rows = {key: row for row, key in enumerate(zip(frame.account, frame.day, strict=True))}
    later = np.array([rows.get(key, -1) for key in zip(frame.account, day, strict=True)])
    is_lost = frame.event & (frame.duration <= months) & (later < 0)
    columns = dict(frame.columns)
    for name in frame.columns:
        if frame.sources.get(name) == USAGE:
            columns[name] = _late(name, frame.columns[name], later, is_lost)
    return replace(frame, columns=columns)


def _late(
    name: str, values: NDArray[Any], later: NDArray[np.int64], is_lost: NDArray[np.bool_]
) -> NDArray[Any]:
    series = numbers(values)
    late = np.where(later >= 0, series[later], series)
    return np.where(is_lost, 0.0 if name.startswith(COUNTS) else np.nan, late)


@dataclass(frozen=True, slots=True)
class Watch:
    """What the alarm says of a forecast fed too much, and of the honest one of the same tenant."""

    fed: Backtest
    honest: Backtest

    @property
    def rang(self) -> bool:
        """Whether it rang for the forecast that was fed too much."""
        return _rang(self.fed, LEAKED)

    @property
    def cried_wolf(self) -> bool:
        """Whether it rang for the honest one."""
        return _rang(self.honest, HONEST)

    @property
    def gaps(self) -> tuple[float, float]:
        """How much better either told its own rows apart than later ones: fed too much, honest."""
        return _gap(self.fed, LEAKED), _gap(self.honest, HONEST)


def _rang(judgement: Backtest, model: str) -> bool:
    return any(alarm.model == model for alarm in alarms(judgement))


def _gap(judgement: Backtest, model: str) -> float:
    return judgement.own[model][FIGURE] - judgement.figures[model][FIGURE]


def watched(
    window: Window, fitter: Fitter, honest: Backtest, *, replicates: int, seed: int
) -> Watch:
    """Fit to what was known only later, and judge what comes of it by rows as they were known.

    Parameters
    ----------
    window
        An origin; its later rows are told what was known, as they are once a model serves.
    honest
        A backtest in which the forecast is called `forecast`.
    """
    late = replace(window, training=leaked(window.training))
    judgement = backtest.backtest(
        lambda _: late, [window.origin], {LEAKED: fitter}, replicates=replicates, seed=seed
    )
    return Watch(judgement, honest)

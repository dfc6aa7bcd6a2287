"""What the forecast is compared with, never served: boosted discrete hazard, Kaplan–Meier."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss
from threadpoolctl import threadpool_limits

from ml.backtesting.backtest import Forecaster
from ml.fitting.strata import baselines
from ml.frames.frame import Frame
from ml.scoring.features import Floats, level_of, numbers
from ml.scoring.renewal_clock import HORIZON_MONTHS, MONTHLY, NO_RENEWAL, RENEWALS

MAX_ROWS: Final = 400_000
"""Account-months to learn from; more cost time and gain nothing measured."""
MAX_LEVELS: Final = 20
MAX_TREES: Final = 200


@dataclass(frozen=True, slots=True)
class Reading:
    """How columns become numbers: texts by the places of their levels, numbers as they are."""

    names: tuple[str, ...]
    levels: dict[str, dict[str, int]]

    def matrix(self, frame: Frame) -> Floats:
        """Shape (rows, names); NaN for unknown numbers and unseen texts."""
        never = np.full(len(frame), None, dtype=object)
        columns = [self._column(name, frame.columns.get(name, never)) for name in self.names]
        return np.column_stack(columns)

    def _column(self, name: str, values: NDArray[Any]) -> Floats:
        if name not in self.levels:
            return numbers(values)
        levels = self.levels[name]
        return np.array([levels.get(str(level_of(v)), np.nan) for v in values.tolist()])


def reading(frame: Frame) -> Reading:
    """Every column of a frame that is a number or has few levels."""
    names: list[str] = []
    levels: dict[str, dict[str, int]] = {}
    for name in sorted(frame.columns):
        values = frame.columns[name].tolist()
        texts = [v for v in values if isinstance(v, str | bool)]
        if texts:
            ordered = sorted({str(level_of(v)) for v in values})
            if len(ordered) > MAX_LEVELS:
                continue
            levels[name] = {level: place for place, level in enumerate(ordered)}
        names.append(name)
    return Reading(tuple(names), levels)


def boosted(frame: Frame, *, seed: int = 0) -> Forecaster:
    """Discrete hazard by gradient boosting: each row becomes one row for every month followed.

    Beside the signals it knows the month, the month of the renewal and how far the two are apart.

    References
    ----------
    Tutz and Schmid (2016), Modeling Discrete Time-to-Event Data, Springer.
    """
    read = reading(frame)
    signals = read.matrix(frame)
    repeats = np.minimum(frame.duration, HORIZON_MONTHS)
    row = np.repeat(np.arange(len(frame)), repeats)
    month = np.arange(len(row)) - np.repeat(np.cumsum(repeats) - repeats, repeats) + 1
    row, month = _sampled(row, month, seed)
    left = frame.event[row] & (month == frame.duration[row])
    table = _with_clock(signals[row], frame, row, month)
    classifier = _fit(read, table, left, frame.account[row], seed)

    def forecast(ahead: Frame) -> Floats:
        matrix = read.matrix(ahead)
        everyone = np.arange(len(ahead))
        stays = np.ones((len(ahead), HORIZON_MONTHS + 1))
        for coming in range(1, HORIZON_MONTHS + 1):
            months = np.full(len(ahead), coming)
            table = _with_clock(matrix, ahead, everyone, months)
            stays[:, coming] = stays[:, coming - 1] * (1 - classifier.predict_proba(table)[:, 1])
        return stays

    return forecast


def _sampled(
    row: NDArray[np.int64], month: NDArray[np.int64], seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    if len(row) <= MAX_ROWS:
        return row, month
    chosen = np.sort(np.random.default_rng(seed).permutation(len(row))[:MAX_ROWS])
    return row[chosen], month[chosen]


def _fit(
    read: Reading,
    table: Floats,
    left: NDArray[np.bool_],
    account: NDArray[np.int64],
    seed: int,
) -> HistGradientBoostingClassifier:
    """As many trees as serve accounts held out best; without that it learns accounts by heart."""
    accounts = np.unique(account)
    validation = np.random.default_rng(seed).permutation(accounts)[: len(accounts) // 4]
    out = np.isin(account, validation)
    with threadpool_limits(1):  # its threads spin while others have the cores
        trial = _classifier(read, MAX_TREES, seed).fit(table[~out], left[~out])
        stages: Iterator[Floats] = trial.staged_predict_proba(table[out])
        losses = [float(log_loss(left[out], chance[:, 1])) for chance in stages]
        trees = int(np.argmin(losses)) + 1
        return _classifier(read, trees, seed).fit(table, left)


def _classifier(read: Reading, trees: int, seed: int) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        learning_rate=0.06,
        max_iter=trees,
        max_leaf_nodes=8,
        min_samples_leaf=300,
        l2_regularization=10.0,
        categorical_features=[name in read.levels for name in read.names] + [False] * 3,
        early_stopping=False,
        random_state=seed,
    )


def _with_clock(
    signals: Floats, frame: Frame, row: NDArray[np.int64], month: NDArray[np.int64]
) -> Floats:
    places = {name: float(at) for at, name in RENEWALS.items()} | {MONTHLY: 0.0, NO_RENEWAL: np.nan}
    renewal = np.array([places.get(str(name), np.nan) for name in frame.stratum.tolist()])[row]
    table: Floats = np.column_stack([signals, month, renewal, month - renewal]).astype(np.float64)
    return table


def kaplan_meier(frame: Frame) -> Forecaster:
    """Each stratum's own curve and no signal at all; few losses borrow as the forecast's do."""
    curves = {
        name: np.exp(-np.array(stratum.cumulative_hazard))
        for name, stratum in baselines(frame, np.zeros(len(frame)), "kalbfleisch-prentice").items()
    }

    def forecast(ahead: Frame) -> Floats:
        fallback = curves.get(NO_RENEWAL, next(iter(curves.values())))
        chosen = [curves.get(name, fallback) for name in ahead.stratum.tolist()]
        months = np.arange(HORIZON_MONTHS + 1)
        return np.array([curve[np.minimum(months, len(curve) - 1)] for curve in chosen])

    return forecast

"""Other people's survival models with their own defaults, fitted in the same run for comparison."""

# These libraries ship no types.
# pyrefly: ignore-errors[implicit-any, unknown-argument-type, unknown-attribute-access]
# pyrefly: ignore-errors[unknown-variable-type, untyped-import]

import importlib
import importlib.util
import warnings
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter
from lifelines.exceptions import ConvergenceError
from numpy.typing import NDArray
from scipy.linalg import qr
from scipy.stats import norm

from ml.fitting.baseline import cumulative_hazard, kalbfleisch_prentice
from ml.fitting.design import learn
from ml.frames.frame import TrainingRefused
from ml.scoring.features import Floats
from ml.table.forecast import Forecast
from ml.table.grid import Grid
from ml.table.judge import Rival
from ml.table.table import Table

HOW_TO_GET: Final = "uv pip install --require-hashes -r requirements/compare.txt"
ROUNDS: Final = 100
AFT_SCALE: Final = 1.2


def encoded(training: Table, held_out: Table) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The columns that ours reads, as plain numbers: medians for unknown, a column for each level.

    Levels and medians are those of `training`.
    """
    frame = training.frame(Grid.of(training.duration, training.event))
    kinds = {signal.name: signal.kind for signal in training.signals}
    left: list[pd.DataFrame] = []
    right: list[pd.DataFrame] = []
    for feature in learn(frame).features:
        training_column, held_out_column = (
            pd.Series(t.columns[feature.name]) for t in (training, held_out)
        )
        if kinds[feature.name] in ("number", "age"):
            middle = pd.to_numeric(training_column).median()
            parts = [
                pd.to_numeric(s).fillna(middle).to_frame(feature.name)
                for s in (training_column, held_out_column)
            ]
        else:
            levels = sorted(training_column.map(str).unique())[1:]
            parts = [
                _levels(feature.name, s.map(str), levels)
                for s in (training_column, held_out_column)
            ]
        left.append(parts[0])
        right.append(parts[1])
    first, second = pd.concat(left, axis=1), pd.concat(right, axis=1)
    telling = _independent(first.to_numpy(dtype=np.float64))
    return first.iloc[:, telling].astype(np.float64), second.iloc[:, telling].astype(np.float64)


def _independent(x: Floats) -> NDArray[np.int64]:
    """Columns that no others add up to: without this a plain Cox model has no solution."""
    unit = (x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-12)
    factor: Any = qr(unit, mode="r", pivoting=True)  # what it gives depends on its options
    size = np.abs(np.diag(factor[0]))
    return np.sort(factor[1][: len(size)][size > 1e-6 * size.max()]).astype(np.int64)


def _levels(name: str, values: "pd.Series[Any]", levels: list[str]) -> pd.DataFrame:
    return pd.DataFrame({f"{name} = {level}": values == level for level in levels})


def plain_cox(training: Table, held_out: Table, times: Floats, seed: int) -> Forecast:
    """lifelines' `CoxPHFitter()`; where that does not converge, with a penalty of .01."""
    del seed
    x, others = encoded(training, held_out)
    x["_duration"], x["_event"] = training.duration, training.event.astype(np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model = CoxPHFitter().fit(x, "_duration", "_event")
        except (ConvergenceError, ValueError):
            model = CoxPHFitter(penalizer=0.01).fit(x, "_duration", "_event")
        stays = model.predict_survival_function(others, times=times.tolist())
        risk = model.predict_log_partial_hazard(others)
    return Forecast(stays.to_numpy().T, risk.to_numpy())


def scikit_survival(
    place: str, name: str, training: Table, held_out: Table, times: Floats, seed: int
) -> Forecast:
    """A model of scikit-survival with its defaults."""
    x, others = encoded(training, held_out)
    outcome = np.array(
        list(zip(training.event, training.duration, strict=True)),
        dtype=[("event", bool), ("duration", float)],
    )
    model = getattr(importlib.import_module(place), name)(random_state=seed)
    model.fit(x.to_numpy(), outcome)
    stays = model.predict_survival_function(others.to_numpy(), return_array=True)
    at = np.searchsorted(model.unique_times_, times, side="right")
    padded = np.concatenate([np.ones((len(stays), 1)), stays], axis=1)
    return Forecast(padded[:, at], model.predict(others.to_numpy()))


def xgboost_cox(training: Table, held_out: Table, times: Floats, seed: int) -> Forecast:
    """xgboost's `survival:cox` with its defaults, 100 rounds, and a discrete baseline of ours."""
    x, others = encoded(training, held_out)
    signed = np.where(training.event, training.duration, -training.duration)
    margins = _boosted(x, others, {"objective": "survival:cox"}, seed, label=signed)
    eta, risk = (margin - margins[0].mean() for margin in margins)
    grid = Grid.of(training.duration, training.event)
    steps = grid.steps(training.duration, training.event)
    hazard = cumulative_hazard(steps, training.event, np.exp(eta), kalbfleisch_prentice)
    at = np.minimum(grid.at(times), len(hazard) - 1)
    return Forecast(np.exp(-hazard[at] * np.exp(risk)[:, None]), risk)


def xgboost_aft(training: Table, held_out: Table, times: Floats, seed: int) -> Forecast:
    """xgboost's `survival:aft` (log-normal, scale 1.2, its documentation's), 100 rounds."""
    x, others = encoded(training, held_out)
    options = {
        "objective": "survival:aft",
        "aft_loss_distribution": "normal",
        "aft_loss_distribution_scale": AFT_SCALE,
    }
    upper = np.where(training.event, training.duration, np.inf)
    bounds = {"label_lower_bound": training.duration, "label_upper_bound": upper}
    _, centre = _boosted(x, others, options, seed, **bounds)
    stays = norm.sf((np.log(times)[None, :] - centre[:, None]) / AFT_SCALE)
    return Forecast(np.asarray(stays), -centre)


def _boosted(
    x: pd.DataFrame, others: pd.DataFrame, options: Mapping[str, Any], seed: int, **labels: Floats
) -> tuple[Floats, Floats]:
    """Margins of the rows fitted to and of those asked for."""
    xgboost = importlib.import_module("xgboost")
    rows, others = (
        xgboost.DMatrix(part.to_numpy(), **info) for part, info in ((x, labels), (others, {}))
    )
    model = xgboost.train({**options, "seed": seed, "nthread": 1}, rows, ROUNDS)
    return tuple(
        model.predict(part, output_margin=True).astype(np.float64) for part in (rows, others)
    )


PLAIN: Final[dict[str, Rival]] = {"plain Cox": plain_cox}

ALL: Final[dict[str, Rival]] = {
    **PLAIN,
    "random forest": partial(scikit_survival, "sksurv.ensemble", "RandomSurvivalForest"),
    "gradient boosting": partial(
        scikit_survival, "sksurv.ensemble", "GradientBoostingSurvivalAnalysis"
    ),
    "xgboost, Cox": xgboost_cox,
    "xgboost, AFT": xgboost_aft,
}


def rivals() -> dict[str, Rival]:
    """Everything to compare with.

    Raises
    ------
    TrainingRefused
        If scikit-survival or xgboost is not installed, with the command that installs them.
    """
    absent = [name for name in ("sksurv", "xgboost") if importlib.util.find_spec(name) is None]
    if absent:
        raise TrainingRefused(
            f"--compare needs {' and '.join(absent)}, not installed; get them with: {HOW_TO_GET}"
        )
    return ALL

"""lifelines' Cox model with an error for every failure, and variances that know accounts."""

import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from lifelines.exceptions import ConvergenceError, ConvergenceWarning
from lifelines.fitters.coxph_fitter import SemiParametricPHFitter
from numpy.typing import NDArray

from ml.fitting import newton
from ml.frames.frame import Frame, TrainingRefused
from ml.scoring.features import Floats

MAX_START_ROWS: Final = 50_000
"""Rows that give lifelines its start; more would cost more than the steps they save."""


class CoxFitter(SemiParametricPHFitter):
    """lifelines' own, but for the middle of every column in every stratum.

    Only its plots read that, and it takes three quarters of a fit with a dozen strata.
    """

    def _compute_central_values_of_raw_training_data(
        self, df: pd.DataFrame, strata: object = None, name: str = "baseline"
    ) -> pd.DataFrame:
        return pd.DataFrame()


@dataclass(frozen=True, slots=True)
class CoxFit:
    """Coefficients on the standardised design and what else lifelines found."""

    coefficients: Floats
    inverse_hessian: Floats
    lifelines: CoxFitter


def cox(frame: Frame, matrix: Floats, penalties: Floats) -> CoxFit:
    """Fit lifelines' Cox model; a warning about convergence is a failure.

    A failed fit is tried again with half steps, then with ten and a hundred times the penalty.

    Raises
    ------
    TrainingRefused
        If none of these converges.
    """
    table = pd.DataFrame(matrix, columns=[f"x{i}" for i in range(matrix.shape[1])])
    table["duration"], table["event"] = frame.duration, frame.event.astype(np.int64)
    strata = None
    if len(np.unique(frame.stratum)) > 1:
        table["stratum"], strata = (
            pd.Categorical(frame.stratum),
            ["stratum"],
        )  # text costs half more
    start = _start(frame, matrix, penalties)
    failure = ""
    for step_size, factor in ((None, 1.0), (0.5, 1.0), (0.5, 10.0), (0.5, 100.0)):
        try:
            return _converged(table, strata, penalties * factor, step_size, start)
        except (ConvergenceError, ConvergenceWarning, ValueError) as error:
            failure = str(error).strip().splitlines()[0]
    raise TrainingRefused(f"the fit does not converge, even with a large penalty: {failure}")


def _start(frame: Frame, matrix: Floats, penalties: Floats) -> Floats | None:
    """Coefficients to start from, of rows evenly spread where there are many; None if unsettled."""
    apart = -(-len(frame) // MAX_START_ROWS)
    some = frame if apart == 1 else frame.take(np.arange(0, len(frame), apart))
    quick = newton.fit(some, matrix[::apart], penalties)
    return None if quick is None else quick.coefficients


def _converged(
    table: pd.DataFrame,
    strata: list[str] | None,
    penalties: Floats,
    step_size: float | None,
    start: Floats | None,
) -> CoxFit:
    model = CoxFitter(penalizer=penalties, l1_ratio=0.0)
    options = {} if step_size is None else {"step_size": step_size}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", ConvergenceWarning)
        model.fit(
            table, "duration", "event", strata=strata, fit_options=options, initial_point=start
        )
    coefficients = model.params_.to_numpy(dtype=np.float64)
    if not np.isfinite(coefficients).all():
        raise ConvergenceError("coefficients are not finite")
    return CoxFit(coefficients, model.variance_matrix_.to_numpy(dtype=np.float64), model)


def _account_scores(frame: Frame, matrix: Floats, log_hazard: Floats) -> Floats:
    """Score residuals summed by account, shape (accounts, terms), accounts in order of number."""
    residuals = np.zeros_like(matrix)
    for name in np.unique(frame.stratum):
        at = frame.stratum == name
        residuals[at] = _score_residuals(
            frame.duration[at], frame.event[at], matrix[at], np.exp(log_hazard[at])
        )
    _, account = np.unique(frame.account, return_inverse=True)
    by_account = np.zeros((int(account.max()) + 1, matrix.shape[1]))
    np.add.at(by_account, account, residuals)
    return by_account


def influence(frame: Frame, matrix: Floats, cox_fit: CoxFit) -> Floats:
    """What each account moves the coefficients by, however many rows it has.

    Score residuals summed by account, times the inverse Hessian. The sum of their outer products,
    `influence.T @ influence`, is the variance that allows for many rows of one account (Lin and
    Wei's sandwich); lifelines' `cluster_col` computes the same at a cost that grows with the square
    of the rows.

    Returns
    -------
    Shape (accounts, terms), on the scale of the standardised design, in order of account number.

    References
    ----------
    Lin and Wei (1989), The robust inference for the Cox proportional hazards model,
    JASA 84:1074-1078.
    """
    scores = _account_scores(frame, matrix, matrix @ cox_fit.coefficients)
    return np.asarray(scores @ cox_fit.inverse_hessian, dtype=np.float64)


def _score_residuals(
    duration: NDArray[np.int64], event: NDArray[np.bool_], x: Floats, weights: Floats
) -> Floats:
    months = int(duration.max()) + 1
    mass = np.bincount(duration, weights=weights, minlength=months)[::-1].cumsum()[::-1]
    moment = np.zeros((months, x.shape[1]))
    np.add.at(moment, duration, x * weights[:, None])
    mean = moment[::-1].cumsum(axis=0)[::-1] / np.maximum(mass, 1e-300)[:, None]
    hazard = np.bincount(duration[event], minlength=months) / np.maximum(mass, 1e-300)
    passed = hazard.cumsum()[duration][:, None]
    expected = (hazard[:, None] * mean).cumsum(axis=0)[duration]
    return event[:, None] * (x - mean[duration]) - weights[:, None] * (x * passed - expected)

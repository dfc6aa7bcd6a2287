"""Fit the forecast: lifelines' Cox model, penalty chosen on training folds, discrete baselines."""

# Lifelines ships no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

import platform
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import lifelines
import msgspec
import numpy as np
import pandas as pd
from lifelines import CoxPHFitter
from lifelines.exceptions import ConvergenceError, ConvergenceWarning
from numpy.typing import NDArray

from ml import newton
from ml.design import Design, learn, with_products
from ml.document import ForecastModel, schema_hash
from ml.features import Floats
from ml.frame import Frame, TrainingRefused, checked, one_stratum
from ml.strata import baselines

LEAST_EVENTS: Final = 20
FOLDS: Final = 3
TAIL_MONTHS: Final = 12
PENALTIES: Final = (0.001, 0.01, 0.1, 1.0)
PRODUCT_PENALTIES: Final = (0.03, 0.1, 1.0)
MOST_CHOICE_ROWS: Final = 12_000
"""Rows on which penalties are compared; more change the choice little and cost time."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A design with the ridge penalty of its main effects and of its products."""

    design: Design
    penalty: float
    product_penalty: float | None = None

    @property
    def penalties(self) -> Floats:
        """Ridge penalty of each term, shape (terms,)."""
        product = self.penalty if self.product_penalty is None else self.product_penalty
        return np.array(
            [product if t.kind == "product" else self.penalty for t in self.design.terms]
        )


@dataclass(frozen=True, slots=True)
class Fitted:
    """Coefficients on the standardised design and what else lifelines found."""

    coefficients: Floats
    inverse_hessian: Floats
    lifelines: CoxPHFitter


def fit(
    frame: Frame,
    *,
    seed: int = 0,
    baseline: str = "kalbfleisch-prentice",
    metrics: dict[str, float] | None = None,
    least_events: int = LEAST_EVENTS,
    progress: Progress = lambda _: None,
) -> ForecastModel:
    """Fit the forecast to a frame.

    Parameters
    ----------
    frame
        Rows with at least `least_events` churned accounts and some that stayed.
    seed
        Decides the folds by account on which design and penalty are chosen.
    baseline
        `kalbfleisch-prentice`, right under ties, or `breslow`, as lifelines predicts.
    metrics
        Held-out figures to keep with the model.
    least_events
        Fewest churned accounts to fit to; lower only where a part stands for the whole.
    progress
        Told what is being done, a few words at a time.

    Returns
    -------
    The exported model. The same frame and seed give the same bytes.

    Raises
    ------
    TrainingRefused
        If the frame cannot carry a model, or no penalty makes the fit converge.

    References
    ----------
    Van Houwelingen (2007), Dynamic prediction by landmarking in event history analysis,
    Scandinavian Journal of Statistics 34(1):70-85.
    """
    frame = prepared(frame, least_events)
    chosen = choose(frame, seed=seed, progress=progress)
    progress("final fit")
    model = _exported(frame, chosen, baseline, seed)
    kept = {name: float(value) for name, value in (metrics or {}).items() if np.isfinite(value)}
    return msgspec.structs.replace(model, metrics=kept)


def _exported(frame: Frame, chosen: Candidate, baseline: str, seed: int) -> ForecastModel:
    design = chosen.design
    matrix = design.matrix(frame)
    fitted = cox(frame, matrix, chosen.penalties)
    log_hazard = matrix @ fitted.coefficients
    variance = sandwich(frame, matrix, log_hazard, fitted.inverse_hessian)
    return ForecastModel(
        clock=frame.clock,
        horizon_months=int(frame.duration.max()),
        tail_months=TAIL_MONTHS if frame.clock == "start" else 0,
        baseline=baseline,
        features=design.features,
        terms=design.terms,
        schema_hash=schema_hash(design.features, design.terms),
        coefficients=tuple(fitted.coefficients.tolist()),
        variance=tuple(map(tuple, variance.tolist())),
        strata=baselines(frame, log_hazard, baseline),
        data_from=frame.data_from.isoformat(),
        data_to=frame.data_to.isoformat(),
        data_hash=frame.hashed(),
        rows=len(frame),
        accounts=frame.accounts,
        events=frame.lost,
        seed=seed,
        penalty=chosen.penalty,
        interaction_penalty=chosen.product_penalty,
        notes=design.notes,
        libraries=libraries(),
    )


def libraries() -> dict[str, str]:
    """Versions of what a fit depends on."""
    return {
        "lifelines": lifelines.__version__,
        "numpy": np.__version__,
        "pandas": pd.__version__,
        "python": platform.python_version(),
    }


def prepared(frame: Frame, least_events: int = LEAST_EVENTS) -> Frame:
    """The frame checked, with one stratum if time runs from the start."""
    frame = checked(frame, least_events=least_events)
    if frame.clock == "start":
        return replace(frame, stratum=one_stratum(len(frame)))
    return frame


def choose(frame: Frame, *, seed: int, progress: Progress = lambda _: None) -> Candidate:
    """The design and penalties with the best partial likelihood on accounts held out of the fit.

    Main effects under a few penalties first; then, under the best of these, products with the one
    signal that says most, penalised harder. Only the frame given is looked at.
    """
    sample = _sampled(frame, seed)
    main = learn(frame)
    if not main.terms:
        raise TrainingRefused("no signal differs between accounts: " + "; ".join(main.notes))
    fold = folds(sample.account, FOLDS, seed)
    best, gain = _best(sample, fold, [Candidate(main, p) for p in PENALTIES], progress)
    design = with_products(main, frame, moderator(frame, best))
    if design is not None:
        harder = [p for p in PRODUCT_PENALTIES if p >= best.penalty]
        rivals = [Candidate(design, best.penalty, p) for p in harder]
        rival, more = _best(sample, fold, rivals, progress)
        best = rival if more > gain else best
    return best


def _sampled(frame: Frame, seed: int) -> Frame:
    if len(frame) <= MOST_CHOICE_ROWS:
        return frame
    accounts = np.unique(frame.account)
    share = MOST_CHOICE_ROWS / len(frame)
    kept = np.random.default_rng(seed).permutation(accounts)[: int(len(accounts) * share)]
    return frame.take(np.isin(frame.account, kept))


def folds(account: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """Fold of each row, shape (rows,), 0 … count − 1; rows of an account stay together."""
    accounts, at = np.unique(account, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(accounts))
    return (order % count)[at]


def _best(
    frame: Frame, fold: NDArray[np.int64], candidates: Sequence[Candidate], progress: Progress
) -> tuple[Candidate, float]:
    scores: list[float] = []
    for candidate in candidates:
        progress(f"penalty {candidate.product_penalty or candidate.penalty:g}")
        scores.append(_held_out_likelihood(frame, fold, candidate))
    at = int(np.argmax(scores))
    return candidates[at], scores[at]


def _held_out_likelihood(frame: Frame, fold: NDArray[np.int64], candidate: Candidate) -> float:
    matrix = candidate.design.matrix(frame)
    total = 0.0
    for k in range(FOLDS):
        inside, outside = fold != k, fold == k
        quick = newton.fit(frame.take(inside), matrix[inside], candidate.penalties)
        if quick is None:
            return -np.inf
        total += partial_likelihood(frame.take(outside), matrix[outside] @ quick.coefficients)
    return total


def partial_likelihood(frame: Frame, log_hazard: Floats) -> float:
    """Cox's log partial likelihood of rows under given log hazards, ties by Breslow, by stratum."""
    total = 0.0
    for name in np.unique(frame.stratum):
        at = frame.stratum == name
        duration, event, eta = frame.duration[at], frame.event[at], log_hazard[at]
        weights = np.bincount(duration, weights=np.exp(eta))
        at_risk = weights[::-1].cumsum()[::-1]
        total += float(eta[event].sum() - np.log(at_risk[duration[event]]).sum())
    return total


def moderator(frame: Frame, candidate: Candidate) -> str:
    """The signal that says most: the largest Wald statistic per term."""
    matrix = candidate.design.matrix(frame)
    fitted = newton.fit(frame, matrix, candidate.penalties)
    if fitted is None:
        return ""
    variance = np.linalg.inv(fitted.information)
    features = np.array([term.feature for term in candidate.design.terms])
    strength: dict[str, float] = {}
    for name in dict.fromkeys(features.tolist()):
        at = np.flatnonzero(features == name)
        beta = fitted.coefficients[at]
        block = variance[np.ix_(at, at)]
        strength[name] = float(beta @ np.linalg.solve(block, beta)) / len(at)
    return max(strength, key=lambda name: strength[name])


def cox(frame: Frame, matrix: Floats, penalties: Floats) -> Fitted:
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
        table["stratum"], strata = frame.stratum, ["stratum"]
    quick = newton.fit(frame, matrix, penalties)
    start = None if quick is None else quick.coefficients
    failure = ""
    for step_size, factor in ((None, 1.0), (0.5, 1.0), (0.5, 10.0), (0.5, 100.0)):
        try:
            return _converged(table, strata, penalties * factor, step_size, start)
        except (ConvergenceError, ConvergenceWarning, ValueError) as error:
            failure = str(error).strip().splitlines()[0]
    raise TrainingRefused(f"the fit does not converge, even with a large penalty: {failure}")


def _converged(
    table: pd.DataFrame,
    strata: list[str] | None,
    penalties: Floats,
    step_size: float | None,
    start: Floats | None,
) -> Fitted:
    model = CoxPHFitter(penalizer=penalties, l1_ratio=0.0)
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
    return Fitted(coefficients, model.variance_matrix_.to_numpy(dtype=np.float64), model)


def sandwich(frame: Frame, matrix: Floats, log_hazard: Floats, inverse_hessian: Floats) -> Floats:
    """Variance of the coefficients that allows for many rows of one account.

    Score residuals summed by account between two inverse Hessians (Lin and Wei). lifelines'
    `cluster_col` computes the same at a cost that grows with the square of the rows.

    Returns
    -------
    Shape (terms, terms), on the scale of the standardised design.

    References
    ----------
    Lin and Wei (1989), The robust inference for the Cox proportional hazards model,
    JASA 84:1074-1078.
    """
    residuals = np.zeros_like(matrix)
    for name in np.unique(frame.stratum):
        at = frame.stratum == name
        residuals[at] = _score_residuals(
            frame.duration[at], frame.event[at], matrix[at], np.exp(log_hazard[at])
        )
    _, account = np.unique(frame.account, return_inverse=True)
    by_account = np.zeros((int(account.max()) + 1, matrix.shape[1]))
    np.add.at(by_account, account, residuals)
    variance = inverse_hessian @ (by_account.T @ by_account) @ inverse_hessian
    return (variance + variance.T) / 2


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

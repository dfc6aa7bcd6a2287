"""How good a survival forecast is: discrimination, error and calibration."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter
from lifelines.exceptions import ConvergenceError
from lifelines.utils import concordance_index
from numpy.typing import NDArray

from ml.scoring.features import Floats, spline

Months = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of rows: `duration` in whole months and `event`, each of shape (rows,).

    `closed`: a row censored in a month was followed through that month's end. Otherwise it was
    lost sight of at that moment, as continuous time has it and scikit-survival counts.
    """

    duration: Months
    event: Flags
    closed: bool = False


def kaplan_meier(outcome: Outcome) -> Floats:
    """Survival at the end of months 0, 1, … up to the longest duration."""
    longest = int(outcome.duration.max())
    at_risk = np.bincount(outcome.duration, minlength=longest + 1)[::-1].cumsum()[::-1]
    events = np.bincount(outcome.duration[outcome.event], minlength=longest + 1)
    return np.cumprod(1.0 - events / at_risk, dtype=np.float64)


def censoring(outcome: Outcome) -> Floats:
    """Kaplan–Meier chance of still being followed at the end of months 0, 1, ….

    Those who churn in a month leave before those censored in it; where months are closed, the
    latter count as lost from the next month on.
    """
    longest = int(outcome.duration.max())
    at_risk = np.bincount(outcome.duration, minlength=longest + 1)[::-1].cumsum()[::-1]
    events = np.bincount(outcome.duration[outcome.event], minlength=longest + 1)
    lost = np.bincount(outcome.duration[~outcome.event], minlength=longest + 1)
    uncensored = np.cumprod(1.0 - lost / np.maximum(at_risk - events, 1), dtype=np.float64)
    return np.concatenate([[1.0], uncensored[:-1]]) if outcome.closed else uncensored


def still_there(outcome: Outcome, month: int) -> Flags:
    """Rows known to have stayed through the end of a month."""
    last_seen = (outcome.duration == month) & ~outcome.event & outcome.closed
    return (outcome.duration > month) | last_seen


def _at(curve: Floats, months: Months) -> Floats:
    return curve[np.minimum(months, len(curve) - 1)]


def harrell(outcome: Outcome, risk: Floats) -> float:
    """Harrell's concordance: share of comparable pairs where the riskier account left earlier.

    NaN where no pair can be compared, as without any loss.
    """
    try:
        return float(concordance_index(outcome.duration, -risk, outcome.event))
    except ZeroDivisionError:
        return float("nan")


def uno(training: Outcome, outcome: Outcome, risk: Floats) -> float:
    """Uno's concordance, weighted by the inverse squared chance of not being censored.

    References
    ----------
    Uno et al. (2011), On the C-statistics for evaluating overall adequacy of risk prediction
    procedures with censored survival data, Statistics in Medicine 30:1105-1117.
    """
    followed = _at(censoring(training), outcome.duration)
    weight = np.where(followed > 0, followed, np.inf) ** -2.0
    right = total = 0.0
    for i in np.flatnonzero(outcome.event & (weight > 0)):
        month = outcome.duration[i]
        others = risk[(outcome.duration > month) | ((outcome.duration == month) & ~outcome.event)]
        right += weight[i] * (
            float((risk[i] > others).sum()) + 0.5 * float((risk[i] == others).sum())
        )
        total += weight[i] * len(others)
    return float(right / total) if total else float("nan")


def squared_errors(training: Outcome, outcome: Outcome, survival: Floats, month: int) -> Floats:
    """Each row's part of the Brier score at the end of a month, shape (rows,).

    Censoring is weighted away (Graf et al. 1999). `survival` has shape (rows,): chance of staying
    through that month.
    """
    uncensored = censoring(training)
    is_lost = outcome.event & (outcome.duration <= month)
    stays = still_there(outcome, month)
    weight_gone = is_lost / np.where(is_lost, _at(uncensored, outcome.duration), 1.0)
    weight_stays = stays / _at(uncensored, np.array([month]))
    return survival**2 * weight_gone + (1 - survival) ** 2 * weight_stays


def brier(training: Outcome, outcome: Outcome, survival: Floats, month: int) -> float:
    """Brier score at the end of a month: the mean of `squared_errors`."""
    return float(np.mean(squared_errors(training, outcome, survival, month)))


def integrated_brier(
    training: Outcome, outcome: Outcome, survival: Floats, months: Months
) -> float:
    """Mean Brier score over months by the trapezoid rule; `survival` has shape (rows, months)."""
    scores = [
        brier(training, outcome, survival[:, j], int(month)) for j, month in enumerate(months)
    ]
    return float(np.trapezoid(scores, months) / (months[-1] - months[0]))


def auc(
    training: Outcome,
    outcome: Outcome,
    risk: Floats,
    month: int,
    *,
    counts: Floats | None = None,
) -> float:
    """Cumulative/dynamic AUC: those gone by the end of a month against those still there.

    `counts`, shape (rows,), says how often each row counts; once by default.

    References
    ----------
    Uno et al. (2007), Evaluating prediction rules for t-year survivors with censored regression
    models, JASA 102:527-537.
    """
    times = np.ones(len(risk)) if counts is None else counts
    is_lost = outcome.event & (outcome.duration <= month) & (times > 0)
    stays = still_there(outcome, month) & (times > 0)
    if not is_lost.any() or not stays.any():
        return float("nan")
    cases = times[is_lost] / _at(censoring(training), outcome.duration[is_lost])
    order = np.argsort(risk[stays])
    controls = risk[stays][order]
    mass = np.concatenate([[0.0], times[stays][order].cumsum()])
    below = mass[np.searchsorted(controls, risk[is_lost], side="left")]
    ties = mass[np.searchsorted(controls, risk[is_lost], side="right")] - below
    return float(np.sum(cases * (below + 0.5 * ties)) / (cases.sum() * mass[-1]))


def auc_within(outcome: Outcome, risk: Floats, month: int, stratum: NDArray[np.str_]) -> float:
    """Mean AUC by the end of a month among rows of the same stratum, weighted by pairs compared.

    What a forecast knows beyond the strata themselves: beyond the renewal clock, for instance.
    """
    total = pairs = 0.0
    for name in np.unique(stratum):
        at = stratum == name
        part = Outcome(outcome.duration[at], outcome.event[at], outcome.closed)
        losses = float((part.event & (part.duration <= month)).sum())
        weight = losses * float(still_there(part, month).sum())
        if weight:
            total += weight * auc(part, part, risk[at], month)
            pairs += weight
    return total / pairs if pairs else float("nan")


def observed(outcome: Outcome, churn: Floats, month: int) -> Floats:
    """Smoothed observed chance of churn by the end of a month for each predicted one.

    A Cox model of what happened on log(−log(1 − p)) with a restricted cubic spline of three knots
    (quantiles .1, .5, .9), read at the month; shape (rows,). NaN where too few churned for that.
    With closed months, those of landmarks, only what happened by that month counts: who is lost at
    a renewal far ahead was safe until then, so that hazards cross, and a Cox model of all twelve
    months calls even the true chances of the first three wrong.

    References
    ----------
    Austin, Harrell and van Klaveren (2020), Graphical calibration curves and the integrated
    calibration index (ICI) for survival models, Statistics in Medicine 39:2714-2742.
    """
    if outcome.closed:
        outcome = _until(outcome, month)
    p = np.clip(churn, 1e-8, 1 - 1e-8)
    z = np.log(-np.log1p(-p))
    knots = np.unique(np.quantile(z, (0.1, 0.5, 0.9)))
    table = pd.DataFrame({"z": z})
    if len(knots) == 3:
        table["bend"] = spline(z, knots.tolist())[:, 0]
    table["duration"], table["event"] = outcome.duration, outcome.event.astype(np.int64)
    cox = _smooth(table)
    if cox is None:
        return np.full(len(churn), np.nan)
    stays = cox.predict_survival_function(
        table[["z", *(["bend"] if len(knots) == 3 else [])]], times=[month]
    )
    return 1.0 - stays.to_numpy(dtype=np.float64)[0]


def _until(outcome: Outcome, month: int) -> Outcome:
    """What was known at the end of a month."""
    is_lost = outcome.event & (outcome.duration <= month)
    return Outcome(np.minimum(outcome.duration, month), is_lost, outcome.closed)


def _smooth(table: pd.DataFrame) -> CoxPHFitter | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            cox: CoxPHFitter = CoxPHFitter(penalizer=1e-6).fit(table, "duration", "event")
            return cox
        except (ConvergenceError, ValueError, ZeroDivisionError):
            return None


def ici(outcome: Outcome, churn: Floats, month: int) -> float:
    """Integrated calibration index: mean distance of predicted and smoothed observed chance."""
    return float(np.mean(np.abs(observed(outcome, churn, month) - churn)))


def calibration_errors(outcome: Outcome, churn: Floats, month: int) -> dict[str, float]:
    """ICI, E50 and E90: mean, median and 90th percentile of |predicted − smoothed observed|."""
    away = np.abs(observed(outcome, churn, month) - churn)
    return {
        "ici": float(np.mean(away)),
        "e50": float(np.quantile(away, 0.5)),
        "e90": float(np.quantile(away, 0.9)),
    }


def lift(outcome: Outcome, churn: Floats, month: int, share: float) -> float:
    """Churn by the end of a month among the riskiest share of the rows, over that among all.

    Those lost sight of are weighted away; 1 is no better than chance, 1 / `share` the most.
    """
    is_lost = outcome.event & (outcome.duration <= month)
    weight = is_lost / np.where(is_lost, _at(censoring(outcome), outcome.duration), 1.0)
    count = max(1, round(share * len(churn)))
    riskiest = np.argsort(-churn, kind="stable")[:count]
    overall = float(weight.mean())
    return float(weight[riskiest].mean()) / overall if overall else float("nan")


def observed_to_expected(outcome: Outcome, churn: Floats, month: int) -> float:
    """Kaplan–Meier churn by the end of a month over the mean predicted; 1 is right, NaN if none."""
    expected = float(np.mean(churn))
    observed = 1.0 - float(_at(kaplan_meier(outcome), np.array([month]))[0])
    return observed / expected if expected > 0 else float("nan")

"""Baseline cumulative hazards on whole months, in numpy."""

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

MAX_HAZARD: Final = 40.0
"""A month in which everyone at risk left: survival of e⁻⁴⁰ instead of an infinite hazard."""


def kalbfleisch_prentice(weights: Floats, at_risk: float, counts: Floats | None = None) -> float:
    """Discrete baseline hazard of one month with ties.

    Solves Σ cᵢwᵢ / (1 − a^wᵢ) = `at_risk` over those who left, for a, the baseline's chance of
    surviving the month. With weights of one it is the Kaplan–Meier step 1 − d/n.

    Parameters
    ----------
    weights
        exp(log partial hazard) of each who left in the month, shape (events,), all > 0.
    at_risk
        Sum of exp(log partial hazard) over everyone at risk, those who left included.
    counts
        How often each counts, shape (events,), as a bootstrap needs it; once each if none.

    Returns
    -------
    −log a, at most `MAX_HAZARD`.

    References
    ----------
    Kalbfleisch and Prentice (2002), The Statistical Analysis of Failure Time Data, 2nd ed., 4.3.
    """
    often = np.ones(len(weights)) if counts is None else counts
    # left of the root of a convex, falling function: Newton is safe
    hazard = float(often.sum()) / at_risk
    for _ in range(100):
        chance = -np.expm1(-hazard * weights)
        excess = float(np.sum(often * weights / chance)) - at_risk
        slope = float(np.sum(often * weights**2 * np.exp(-hazard * weights) / chance**2))
        if slope <= 0 or hazard >= MAX_HAZARD:
            break
        step = excess / slope
        hazard += step
        if abs(step) <= 1e-15 * hazard:
            break
    return min(hazard, MAX_HAZARD)


def breslow(weights: Floats, at_risk: float, counts: Floats | None = None) -> float:
    """Breslow's baseline hazard of one month, as lifelines computes it: events over at risk."""
    return (len(weights) if counts is None else float(counts.sum())) / at_risk


Baseline: TypeAlias = Callable[[Floats, float, Floats | None], float]
BASELINES: Final[dict[str, Baseline]] = {
    "kalbfleisch-prentice": kalbfleisch_prentice,
    "breslow": breslow,
}


def cumulative_hazard(
    duration: NDArray[np.int64],
    event: NDArray[np.bool_],
    weights: Floats,
    baseline: Baseline,
    *,
    other: NDArray[np.bool_] | None = None,
    counts: Floats | None = None,
) -> Floats:
    """Baseline cumulative hazard at the end of months 0, 1, … up to the longest duration.

    Parameters
    ----------
    duration
        Whole months to churn or censoring, shape (rows,), 0 or more; censored rows count as at risk
        throughout their last month.
    event
        True where the account churned for the cause in question, shape (rows,).
    weights
        exp(log partial hazard), shape (rows,).
    baseline
        Hazard of one month from the weights of those who left and the sum over those at risk.
    other
        True where the account churned for another cause, shape (rows,): at risk for half of that
        month. So the causes' hazards of a month add up to all churn, save for terms of third order.
    counts
        How often each row counts, shape (rows,); once each if none.

    Returns
    -------
    Shape (longest duration + 1,), starting at 0 and never falling.
    """
    longest = int(duration.max())
    often = np.ones(len(weights)) if counts is None else counts
    weighed = weights * often
    by_month = np.bincount(duration, weights=weighed, minlength=longest + 1)
    at_risk = by_month[::-1].cumsum()[::-1]
    if other is not None:
        half = np.bincount(duration[other], weights=weighed[other], minlength=longest + 1) / 2
        at_risk = at_risk - half
    hazard = np.zeros(longest + 1)
    for month in np.unique(duration[event]):
        at = event & (duration == month)
        exposed = max(float(at_risk[month]), float(weighed[at].sum()))
        hazard[month] = baseline(weights[at], exposed, often[at])
    return hazard.cumsum()

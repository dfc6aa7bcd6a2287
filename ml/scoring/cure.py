"""A share of accounts is never lost: what the mixture cure model says, in numpy alone."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.scoring.document import Cure

Floats = NDArray[np.float64]

EVEN: Final = 0.5
"""Below this chance of having been lost, its complement is the one that keeps its digits."""


def cumulative_hazard(cure: Cure, latency: Floats, log_odds_ratio: Floats) -> Floats:
    """Cumulative hazard −log S of an account in a mixture of those who will and will never leave.

    S = 1 − π·(1 − exp(−Λ·exp(κη))) with π = 1 / (1 + exp(−(a + η))): π is the chance of ever
    leaving, Λ the cumulative hazard of those who will, and who is likelier to leave leaves
    sooner by κ. With π small and κ = 0 hazards are proportional; hazards of accounts unlike one
    another draw nearer with time, as those who would leave are gone.

    Parameters
    ----------
    cure
        a (`log_odds`) and κ (`pace`).
    latency
        Λ, 0 or more.
    log_odds_ratio
        η, against the reference account; the two broadcast against each other.

    Returns
    -------
    0 or more, at most −log(1 − π), rising with Λ and, where Λ > 0, with η.

    References
    ----------
    Boag (1949), Journal of the Royal Statistical Society B 11:15-53; Farewell (1982), The use of
    mixture models for the analysis of survival data with long-term survivors, Biometrics 38:1041.
    """
    log_odds = cure.log_odds + log_odds_ratio
    ever, never = 1.0 / (1.0 + np.exp(-log_odds)), 1.0 / (1.0 + np.exp(log_odds))
    passed = latency * np.exp(cure.pace * log_odds_ratio)
    lost = -ever * np.expm1(-passed)
    stays = np.maximum(never + ever * np.exp(-passed), 1e-300)
    return np.where(lost < EVEN, -np.log1p(-np.minimum(lost, EVEN)), -np.log(stays))

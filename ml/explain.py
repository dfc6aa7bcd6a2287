"""Exact additive drivers of a served probability: associations, not causes."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ml.document import ForecastModel

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Driver:
    """One feature's part of the renewal probability; all parts and the reference add up to it."""

    feature: str
    label: str
    value: float | str | bool | None
    contribution: float
    source: str

    @property
    def direction(self) -> Literal["RAISES", "LOWERS"]:
        """What the part does to the renewal probability."""
        return "LOWERS" if self.contribution < 0 else "RAISES"


def feature_matrix(model: ForecastModel) -> Floats:
    """Shares of each term's part that go to each feature, shape (terms, features), rows sum to 1.

    A product of two features is shared equally between them.
    """
    column = {feature.name: i for i, feature in enumerate(model.features)}
    shares = np.zeros((len(model.terms), len(model.features)))
    for i, term in enumerate(model.terms):
        factors = (term.left, term.right) if term.kind == "product" else (i, i)
        for factor in factors:
            shares[i, column[model.terms[factor].feature]] += 0.5
    return shares


def survival_parts(log_parts: Floats, hazard: Floats) -> tuple[Floats, Floats]:
    """Split survival probabilities into the reference's and one part per column, exactly.

    Aumann–Shapley values along the straight path from the reference account (every term at its
    training mean, same stratum, same dates) to the account. Survival depends on the terms only
    through their sum η, so the path integral is closed: partⱼ = ηⱼ · (S(η) − S(0)) / η, with the
    limit −H·e⁻ᴴ at η = 0.

    Parameters
    ----------
    log_parts
        Parts of the log partial hazard, shape (rows, columns).
    hazard
        Baseline cumulative hazard H over the period in question, shape (rows,), 0 or more.

    Returns
    -------
    Reference survival e⁻ᴴ, shape (rows,), and parts, shape (rows, columns), so that
    reference + parts.sum(axis=1) = exp(−H·exp(η)) to rounding.

    References
    ----------
    Aumann and Shapley (1974), Values of Non-Atomic Games; Sundararajan et al. (2017), Axiomatic
    attribution for deep networks, arXiv:1703.01365.
    """
    eta = log_parts.sum(axis=1)
    reference = np.exp(-hazard)
    gain = reference * np.expm1(-hazard * np.expm1(eta))
    flat = np.abs(eta) < 1e-300
    slope = np.where(flat, -hazard * reference, gain / np.where(flat, 1.0, eta))
    return reference, log_parts * slope[:, None]

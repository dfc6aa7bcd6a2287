"""Exact additive drivers of a served probability: associations, not causes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ml.scoring.document import ForecastModel, Term
from ml.scoring.renewal_clock import NEARNESS

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

    A product with the nearness of the renewal is all the other signal's: drivers compare accounts
    of the same date, and how far a signal counts at that distance is what that signal says.
    """
    column = {feature.name: i for i, feature in enumerate(model.features)}
    return shares(model.terms, column, alone=NEARNESS)


def shares(terms: Sequence[Term], column: Mapping[str, int], *, alone: str = "") -> Floats:
    """Shares of each term that go to each column, shape (terms, columns), rows sum to 1.

    Parameters
    ----------
    terms
        Of a design; a product of two features is shared equally between them.
    column
        The column of each feature, by its name: one of its own, or that of its kind.
    alone
        A feature that has no share in its products with others.
    """
    table = np.zeros((len(terms), max(column.values(), default=-1) + 1))
    for i, term in enumerate(terms):
        factors = (term.left, term.right) if term.kind == "product" else (i,)
        names = [terms[factor].feature for factor in factors]
        speaking = [name for name in names if name != alone] or names
        for name in speaking:
            table[i, column[name]] += 1 / len(speaking)
    return table


NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(32)
"""Points and weights of Gauss and Legendre on [−1, 1]."""


def survival_parts(log_parts: Sequence[Floats], hazards: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Split survival probabilities into the reference's and one part per column, exactly.

    Aumann–Shapley values along the straight path from the reference account (every term at its
    training mean, same stratum, same dates) to the account. Survival depends on the terms only
    through the log hazards ηₖ of the causes: S(t) = exp(−Σ Hₖ·exp(tηₖ)) on the path t = 0 … 1, and
    partⱼ = −Σₖ ηₖⱼ · ∫ Hₖ·exp(tηₖ)·S(t) dt. With one cause the integral is closed,
    partⱼ = ηⱼ · (S(1) − S(0)) / η; with several it is Gauss–Legendre's sum, whose last digits go to
    the cause with the largest |ηₖ|, so that nothing is lost.

    Parameters
    ----------
    log_parts
        Per cause, parts of the log partial hazard, shape (rows, columns).
    hazards
        Per cause, baseline cumulative hazard over the period in question, shape (rows,), 0 or more.

    Returns
    -------
    Reference survival exp(−ΣHₖ), shape (rows,), and parts, shape (rows, columns), so that
    reference + parts.sum(axis=1) is the account's survival to rounding.

    References
    ----------
    Aumann and Shapley (1974), Values of Non-Atomic Games; Sundararajan et al. (2017), Axiomatic
    attribution for deep networks, arXiv:1703.01365.
    """
    eta = np.stack([part.sum(axis=1) for part in log_parts])
    hazard = np.stack(list(hazards))
    reference = np.exp(-hazard.sum(axis=0))
    gain = reference * np.expm1(-(hazard * np.expm1(eta)).sum(axis=0))
    slopes = _slopes(hazard, eta)
    largest = np.abs(eta).argmax(axis=0)
    rows = np.arange(eta.shape[1], dtype=np.int64)
    steepest = eta[largest, rows]
    flat = np.abs(steepest) < 1e-12
    rest = gain - (eta * slopes).sum(axis=0)
    slopes[largest, rows] += np.where(flat, 0.0, rest / np.where(flat, 1.0, steepest))
    parts = sum(
        (part * slope[:, None] for part, slope in zip(log_parts, slopes, strict=True)),
        start=np.zeros_like(log_parts[0]),
    )
    return reference, parts


def _slopes(hazard: Floats, eta: Floats) -> Floats:
    """−∫ Hₖ·exp(tηₖ)·S(t) dt over the path, shape (causes, rows)."""
    slopes = np.zeros_like(eta)
    for node, weight in zip(NODES.tolist(), NODE_WEIGHTS.tolist(), strict=True):
        at = hazard * np.exp((node + 1) / 2 * eta)
        slopes -= weight / 2 * at * np.exp(-at.sum(axis=0))
    return slopes

"""How far single accounts are from what their signals show: the spread of true log hazards."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ml.fitting import newton
from ml.fitting.selection import folds
from ml.frames.frame import Frame
from ml.frames.halves import Halves
from ml.scoring.document import Feature, Term
from ml.scoring.drivers import shares
from ml.scoring.features import Floats, design

MIN_ACCOUNTS: Final = 100
"""Fewest accounts told of twice; with fewer the spread is not estimated."""

MIN_SHARE: Final = 0.2
"""Smaller shares of lasting spread are taken for this one: nothing is divided by mere chance."""

FOLDS: Final = 3
SLOPES: Final = (0.5, 2.0)


@dataclass(frozen=True, slots=True)
class HalfScores:
    """Parts of the log hazard by source, each of shape (accounts, sources).

    `whole` as the model is told, `now` and `before` as each half tells at the later and at the
    earlier landmark.
    """

    whole: Floats
    now: tuple[Floats, Floats]
    before: tuple[Floats, Floats]


def variance(halves: HalfScores, slope: float = 1.0) -> float:
    """Variance of an account's true log hazard around what its signals show.

    Halves of members, tickets and payments tell of the same account by different evidence. What
    one half tells of a year ago and the other one tells of now shares neither people nor days: it
    has in common only what lasts, which is also what decides about the twelve months to come (were
    the latent states to run backward, they would look the same: then the covariance of the two is
    the variance, over accounts, of what the present state says of a year ahead). With Σ the
    covariance of the parts that the model reads and C that of the lasting states in them, the
    regression of the states on the parts that gives the model's sum 1ᵀx leaves

        1ᵀ(Σ C⁻¹ Σ − Σ)1,

    which is Var(1ᵀx)·(1 − r)/r where there is one part of reliability r.

    Parts that a ridge drew towards none are too small: at a slope b of outcomes on the sum the
    spread is b² times as large, and what the sum itself is off by, (b − 1)² Var(1ᵀx), adds to it.

    Parameters
    ----------
    halves
        Parts of at least `MIN_ACCOUNTS` accounts; with fewer the answer is 0.
    slope
        Of the log hazard of accounts left out of the fit on their sum; 1: neither too small nor
        too large.

    Returns
    -------
    A variance on the scale of the log hazard, 0 where every half tells the same.

    References
    ----------
    Carroll, Ruppert, Stefanski and Crainiceanu (2006), Measurement Error in Nonlinear Models, 2nd
    ed., ch. 4 (regression calibration by replicates).
    """
    if len(halves.whole) < MIN_ACCOUNTS:
        return 0.0
    whole = _covariance(halves.whole, halves.whole)
    first, second = halves.now
    crossed = _covariance(first, halves.before[1]) + _covariance(second, halves.before[0])
    lasting = (crossed + crossed.T) / 4
    spread, root = _rooted(whole)
    share, axes = np.linalg.eigh(root @ lasting @ root)
    reliable = np.clip(share, MIN_SHARE, 1.0)
    sums = axes.T @ (root @ spread.sum(axis=1))
    hidden = float((sums**2 * (1 - reliable) / reliable).sum())
    return slope**2 * hidden + (slope - 1) ** 2 * float(whole.sum())


def _covariance(left: Floats, right: Floats) -> Floats:
    return (left - left.mean(axis=0)).T @ (right - right.mean(axis=0)) / len(left)


def _rooted(covariance: Floats) -> tuple[Floats, Floats]:
    """The covariance without directions in which nothing varies, and its inverse root."""
    values, vectors = np.linalg.eigh(covariance)
    varies = values > 1e-9 * max(float(values[-1]), 1e-300)
    scale = np.where(varies, 1 / np.sqrt(np.where(varies, values, 1.0)), 0.0)
    spread = (vectors * np.where(varies, values, 0.0)) @ vectors.T
    return spread, (vectors * scale) @ vectors.T


def halves_on_scale(
    halves: Halves, features: Sequence[Feature], terms: Sequence[Term], coefficients: Floats
) -> HalfScores:
    """The parts of the log hazard by the service they come from, as wholes and halves tell them.

    Parameters
    ----------
    halves
        What services told of accounts, of all and of each half.
    features, terms
        The model's design.
    coefficients
        Of the terms, shape (terms,).
    """
    sources = _sources(features, terms)
    whole, first, second, *before = (
        (design(columns, features, terms)[0] * coefficients) @ sources
        for columns in halves.as_wholes(features)
    )
    return HalfScores(whole, (first, second), (before[0], before[1]))


def _sources(features: Sequence[Feature], terms: Sequence[Term]) -> Floats:
    """Shares of each term that go to each service, shape (terms, services)."""
    names = sorted({feature.source for feature in features})
    return shares(terms, {feature.name: names.index(feature.source) for feature in features})


def slope(frame: Frame, matrix: Floats, penalties: Floats, *, seed: int) -> float:
    """Slope of the log hazard on the model's sum, in accounts left out of the fit.

    Below 1 the coefficients found too much in chance, above it the ridge drew them too far in.

    Parameters
    ----------
    frame
        Rows with the losses of one cause.
    matrix
        Their design, shape (rows, terms).
    penalties
        Ridge penalty of each term, shape (terms,), as the model has it.

    Returns
    -------
    A number in [0.5, 2]; 1 where a fold cannot be fitted.
    """
    sums = np.empty(len(frame))
    fold = folds(frame.account, FOLDS, seed)
    for k in range(FOLDS):
        inside = np.flatnonzero(fold != k)
        quick = newton.fit(frame.take(inside), matrix[inside], penalties)
        if quick is None:
            return 1.0
        sums[fold == k] = matrix[fold == k] @ quick.coefficients
    optimum = newton.fit(frame, sums[:, None], np.zeros(1))
    return 1.0 if optimum is None else float(np.clip(optimum.coefficients[0], *SLOPES))

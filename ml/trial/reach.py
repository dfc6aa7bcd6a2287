"""How near to the truth anybody could come with the same signals: regression on the truth."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.backtesting.windows import Window
from ml.fitting.design import learn
from ml.fitting.selection import folds
from ml.scoring.features import Floats
from ml.scoring.renewal_clock import HORIZON_MONTHS

FOLDS: Final = 10
RIDGE: Final = 0.03
STEPS: Final = 20
MIN_CHANCE: Final = 1e-4
"""Chances nearer to 0 or 1 are taken as this near: their logarithms would outweigh all others."""


def reach(window: Window, truth: Floats, *, seed: int = 0) -> Floats:
    """What a linear model of these signals says that was fitted to the true chances, not outcomes.

    No model can be fitted to the truth outside a simulation: what this one does not reach, the
    signals do not show, at least not in a straight line. The log cumulative hazard of twelve months
    is regressed on the forecast's own terms and the place on the renewal clock, over accounts other
    than those that are told (ten folds); level and months are those of the true mean of the place.

    Parameters
    ----------
    truth
        Their true chances of staying through months 0 … 12, shape (rows, 13).

    Returns
    -------
    Chances of staying, shape (rows, 13).
    """
    training, ahead = window.training, window.ahead
    design = learn(training.only(training.causes[0]))
    hazard = -np.log(np.clip(truth, MIN_CHANCE, 1.0))
    hazard[:, 1:] = np.maximum(hazard[:, 1:], MIN_CHANCE)
    place, at = np.unique(ahead.stratum, return_inverse=True)
    reachable = _true_chances(
        design.matrix(ahead), at, len(place), np.log(hazard[:, HORIZON_MONTHS]), seed
    )
    by_place = np.stack([hazard[at == k].mean(axis=0) for k in range(len(place))])
    shares = by_place / by_place[:, HORIZON_MONTHS:]
    level = _levelled(np.exp(reachable), hazard[:, HORIZON_MONTHS], at)
    return np.exp(-level[:, None] * shares[at])


def _levelled(hazard: Floats, true: Floats, at: NDArray[np.intp]) -> Floats:
    """The hazards moved so that at each place the mean chance of loss is the true one."""
    size = np.bincount(at)
    chance = np.bincount(at, weights=-np.expm1(-true)) / size
    for _ in range(STEPS):
        levels = np.bincount(at, weights=-np.expm1(-hazard)) / size
        hazard = hazard * (np.log1p(-chance) / np.log1p(-levels))[at]
    return hazard


def _true_chances(
    matrix: Floats, at: NDArray[np.intp], places: int, target: Floats, seed: int
) -> Floats:
    columns = np.concatenate([np.eye(places)[at], matrix], axis=1)
    ridge = np.concatenate([np.full(places, 1e-6), np.full(matrix.shape[1], RIDGE)])
    chances = np.empty(len(target))
    fold = folds(np.arange(len(target)), FOLDS, seed)
    for k in range(FOLDS):
        inside, outside = fold != k, fold == k
        normal: Floats = columns[inside].T @ columns[inside] + np.diag(ridge * inside.sum())
        weights: Floats = np.linalg.solve(normal, columns[inside].T @ target[inside])
        chances[outside] = columns[outside] @ weights
    return chances

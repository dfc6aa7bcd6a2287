"""A quick penalised Cox fit in numpy, for comparing designs and as a start for lifelines' own."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ml.frames.frame import Frame
from ml.scoring.features import Floats

MAX_STEPS: Final = 30
ENOUGH: Final = 1e-7
Ties: TypeAlias = Literal["breslow", "efron"]


@dataclass(frozen=True, slots=True)
class Sorted:
    """Rows in order of stratum and month, cut where either changes, longest month first.

    `firsts` are the positions where a cell (stratum, month) begins, `heads` the cells in which a
    stratum begins; `cell` is each row's cell and `losses` the churned rows of each cell; `lost`
    is one for rows that churned.
    """

    order: NDArray[np.int64]
    firsts: NDArray[np.int64]
    heads: NDArray[np.int64]
    cell: NDArray[np.int64]
    losses: Floats
    lost: Floats

    @classmethod
    def of(cls, frame: Frame) -> "Sorted":
        """Sort a frame's rows once for all steps and penalties."""
        _, stratum = np.unique(frame.stratum, return_inverse=True)
        order = np.lexsort((-frame.duration, stratum)).astype(np.int64)
        keys = np.stack([stratum[order], frame.duration[order]])
        changed = np.any(np.diff(keys, axis=1) != 0, axis=0)
        firsts = np.flatnonzero(np.concatenate([[True], changed])).astype(np.int64)
        heads = np.flatnonzero(np.concatenate([[True], np.diff(keys[0, firsts]) != 0]))
        cell = np.concatenate([[0], changed.cumsum()]).astype(np.int64)
        lost = frame.event[order].astype(np.float64)
        losses = np.add.reduceat(lost, firsts)
        return cls(order, firsts, heads.astype(np.int64), cell, losses, lost)

    def at_risk(self, by_cell: Floats) -> Floats:
        """Sums over everyone of the stratum who reached the cell's month, shape like `by_cell`."""
        sums = by_cell.cumsum(axis=0)
        start = np.zeros_like(sums)
        inner = self.heads[1:]
        start[inner] = np.diff(np.concatenate([np.zeros_like(sums[:1]), sums[inner - 1]]), axis=0)
        return sums - start.cumsum(axis=0)

    def passed(self, by_cell: Floats) -> Floats:
        """Sums over the cell's and all earlier months of the stratum, shape like `by_cell`."""
        ends = np.concatenate([self.heads[1:], [len(by_cell)]]) - 1
        sizes = np.diff(np.concatenate([self.heads, [len(by_cell)]]))
        sums = by_cell.cumsum(axis=0)
        return np.repeat(sums[ends], sizes, axis=0) - sums + by_cell


@dataclass(frozen=True, slots=True)
class Quick:
    """Coefficients, shape (terms,), and penalised information, shape (terms, terms)."""

    coefficients: Floats
    information: Floats


def fit(frame: Frame, matrix: Floats, penalties: Floats, *, ties: Ties = "breslow") -> Quick | None:
    """Ridge-penalised Cox coefficients; None if Newton's steps do not settle.

    Parameters
    ----------
    frame
        Durations in whole months, events and strata.
    matrix
        Standardised design, shape (rows, terms).
    penalties
        Ridge penalty of each term, shape (terms,), scaled as lifelines scales it: half the
        penalty times rows times the squared coefficient.
    ties
        Losses of a month: `efron`, as lifelines has it, or `breslow`, quicker, which draws effects
        towards none where many are lost in one month.

    Returns
    -------
    With Efron's ties equal to lifelines' own fit; with Breslow's so without ties, close otherwise.

    References
    ----------
    Efron (1977), The efficiency of Cox's likelihood function for censored data, JASA 72:557-565.
    """
    slopes_of = _slopes if ties == "breslow" else _slopes_by_efron
    rows = Sorted.of(frame)
    x, event = matrix[rows.order], frame.event[rows.order]
    ridge = penalties * len(frame)
    lost = x[event].sum(axis=0)
    beta = np.zeros(x.shape[1])
    for _ in range(MAX_STEPS):
        slopes = slopes_of(rows, x, beta)
        if slopes is None:
            return None
        gradient, information = slopes[0], slopes[1] + np.diag(ridge)
        step = _solved(information, lost - gradient - ridge * beta)
        if step is None or not np.isfinite(step).all():
            return None
        beta = beta + step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        if float(np.abs(step).max()) < ENOUGH:
            return Quick(beta, information)
    return None


def _solved(information: Floats, slope: Floats) -> Floats | None:
    try:
        return np.asarray(np.linalg.solve(information, slope), dtype=np.float64)
    except np.linalg.LinAlgError:
        return None


def _slopes(rows: Sorted, x: Floats, beta: Floats) -> tuple[Floats, Floats] | None:
    """Expected sum of the terms over losses, and the information matrix.

    None where steps ran away so far that hazards vanish and nobody is at risk any more.
    """
    eta = x @ beta
    weights = np.exp(eta - eta.max())
    weighted = x * weights[:, None]
    mass = rows.at_risk(np.add.reduceat(weights, rows.firsts))
    if not float(mass.min()) > 0:
        return None
    moment = rows.at_risk(np.add.reduceat(weighted, rows.firsts, axis=0))
    mean = moment / mass[:, None]
    expected = rows.losses @ mean
    hazard = rows.passed(rows.losses / mass)[rows.cell]
    spread = (weighted * hazard[:, None]).T @ x
    return expected, spread - (mean * rows.losses[:, None]).T @ mean


def _slopes_by_efron(rows: Sorted, x: Floats, beta: Floats) -> tuple[Floats, Floats] | None:
    """As `_slopes`, where of n losses of a month the k-th leaves as if k/n of them had left."""
    eta = x @ beta
    weights = np.exp(eta - eta.max())
    going = weights * rows.lost
    losses = rows.losses.astype(np.int64)
    cell = np.repeat(np.arange(len(losses)), losses)
    nth = np.arange(len(cell)) - np.repeat(losses.cumsum() - losses, losses)
    left = nth / losses[cell]
    mass = rows.at_risk(np.add.reduceat(weights, rows.firsts))[cell]
    mass = mass - left * np.add.reduceat(going, rows.firsts)[cell]
    if len(mass) and not float(mass.min()) > 0:
        return None
    moment = rows.at_risk(np.add.reduceat(x * weights[:, None], rows.firsts, axis=0))[cell]
    moment = moment - left[:, None] * np.add.reduceat(x * going[:, None], rows.firsts, axis=0)[cell]
    mean = moment / mass[:, None]
    whole = np.bincount(cell, weights=1 / mass, minlength=len(losses)).astype(np.float64)
    spared = np.bincount(cell, weights=left / mass, minlength=len(losses))
    hazard = rows.passed(whole)[rows.cell] - rows.lost * spared[rows.cell]
    spread = (x * (weights * hazard)[:, None]).T @ x
    return mean.sum(axis=0), spread - mean.T @ mean

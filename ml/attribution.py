"""What moved a probability between two states of an account: exact parts by signal."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.features import columns_of, design
from ml.score import ChurnModel, Forecast, clock_of, score
from shared.landmark import FeatureRow

Floats = NDArray[np.float64]

BASELINE: Final = ""
"""Stands for the baseline: the renewal clock, and what no signal says."""

NODES, WEIGHTS = np.polynomial.legendre.leggauss(48)


@dataclass(frozen=True, slots=True)
class State:
    """An account as a model is told it: signals by name, days since its start, days to renewal."""

    row: FeatureRow
    elapsed_days: float | None
    days_to_renewal: float | None


@dataclass(frozen=True)
class Rescored:
    """Several states of an account under one model."""

    model: ChurnModel
    states: Sequence[State]

    @cached_property
    def forecasts(self) -> list[Forecast]:
        """What the model says of each state, in order."""
        return score(
            self.model,
            [state.row for state in self.states],
            elapsed_days=[state.elapsed_days for state in self.states],
            days_to_renewal=[state.days_to_renewal for state in self.states],
        )

    def parts(self, start: int, end: int) -> dict[str, float]:
        """The change of the explained probability from one state to another, by signal.

        Aumann–Shapley values along the straight path between the two, in the logs of what each
        cause adds to the cumulative hazard. A signal that did not change has no part; what the
        baseline did, since the two stand elsewhere on the renewal clock, is the part of `BASELINE`.
        Where two signals act together, each has the part that its own change makes at the middle
        of the other's.

        Returns
        -------
        By signal, signals without a part left out; the sum is the change to rounding.
        """
        total = self.forecasts[end].driven - self.forecasts[start].driven
        names = (*self.model.features, BASELINE)
        found = shared_out(self._logs(start), self._changes(start, end), total)
        return {name: part for name, part in zip(names, found.tolist(), strict=True) if part}

    @cached_property
    def _matrix(self) -> Floats:
        columns = columns_of([state.row for state in self.states], self.model.features)
        return design(columns, self.model.document.features, self.model.document.terms)[0]

    @cached_property
    def _log_baselines(self) -> Floats:
        """Log of the cumulative baseline hazard over what is explained, shape (causes, states)."""
        rows = [state.row for state in self.states]
        columns = columns_of(rows, {*self.model.features, "contract_term_months"})
        clock = clock_of(
            self.model,
            columns,
            [state.elapsed_days for state in self.states],
            [state.days_to_renewal for state in self.states],
        )
        days = np.array([[forecast.driver_days] for forecast in self.forecasts])
        return np.log(np.maximum(clock.hazard(days).T, 1e-300))

    def _logs(self, at: int) -> Floats:
        """Log of what each cause adds to the cumulative hazard, shape (causes,)."""
        return self._log_baselines[:, at] + self._matrix[at] @ self.model.coefficients

    def _changes(self, start: int, end: int) -> Floats:
        """How each signal, and last the baseline, changes the logs: shape (causes, signals + 1)."""
        moved = by_signal(self.model, self._matrix[start], self._matrix[end])
        effects = (self.model.coefficients @ moved)[None, :]
        baseline = self._log_baselines[:, [end]] - self._log_baselines[:, [start]]
        return np.concatenate([effects, baseline], axis=1)


def by_signal(model: ChurnModel, start: Floats, end: Floats) -> Floats:
    """The change of each term, shared out to the signals that it is made of.

    Parameters
    ----------
    start, end
        Two rows of the design matrix, shape (terms,).

    Returns
    -------
    Shape (terms, features); row sums are the terms' changes.
    """
    column = {name: i for i, name in enumerate(model.features)}
    moved, middle = end - start, (end + start) / 2
    shares = np.zeros((len(start), len(column)))
    for i, term in enumerate(model.document.terms):
        if term.kind != "product":
            shares[i, column[term.feature]] += moved[i]
            continue
        for one, other in ((term.left, term.right), (term.right, term.left)):
            feature = model.document.terms[one].feature
            shares[i, column[feature]] += moved[one] * middle[other] / term.scale
    return shares


def shared_out(logs: Floats, changes: Floats, total: float) -> Floats:
    """Share a change of survival out to what changed the logs of the causes' cumulative hazards.

    Parameters
    ----------
    logs
        At the start of the path, shape (causes,).
    changes
        Along it, shape (causes, parts).
    total
        The change of survival exp(−Σ exp(log)) from one end to the other.

    Returns
    -------
    Shape (parts,); the sum is `total` to rounding. The path integral is taken at 48 Gauss–Legendre
    nodes; what it leaves, below 1e-9 unless a hazard grows e¹²-fold, goes to the parts by size.
    """
    way = (NODES[None, :] + 1) / 2
    along = logs[:, None] + changes.sum(axis=1)[:, None] * way
    slopes = -np.exp(along - np.exp(along).sum(axis=0)) @ (WEIGHTS / 2)
    parts = slopes @ changes
    sizes = np.abs(parts)
    if not sizes.sum():
        sizes = np.eye(len(parts))[-1]
    return parts + (total - parts.sum()) * sizes / sizes.sum()

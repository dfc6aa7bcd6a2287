"""What moved a probability between two states of an account: exact parts by signal."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.scoring.features import columns_of, design
from ml.scoring.hazards import MIN_HAZARD, NUDGE, Cause, ChurnModel, Clock, clock_of
from ml.scoring.score import Forecast, score, speaker
from shared.vocabulary.landmark import FeatureRow

Floats = NDArray[np.float64]

BASELINE: Final = ""
"""Stands for the baseline: the renewal clock, and what no signal says."""

NO_LONGER_NEW: Final = "first_90_days"
"""Stands for a change of who speaks: the part for the first 90 days, or that for all others."""

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
        Where an account left its first 90 days and another part of the model speaks, all of it is
        that of `NO_LONGER_NEW`: the two do not read the same signals.
        Where two signals act together, each has the part that its own change makes at the middle
        of the other's.

        Returns
        -------
        By signal, signals without a part left out; the sum is the change to rounding.
        """
        total = self.forecasts[end].driven - self.forecasts[start].driven
        start_speaker, end_speaker = (
            speaker(self.model, self.states[at].elapsed_days) for at in (start, end)
        )
        if start_speaker is not end_speaker:
            return {NO_LONGER_NEW: total} if total else {}
        names = (*start_speaker.features, BASELINE)
        here, there = self._place(start_speaker, start), self._place(start_speaker, end)
        shifts = by_signal(start_speaker, here.row, there.row)
        logs, changes = zip(
            *(_path(cause, here, there, shifts) for cause in start_speaker.causes), strict=True
        )
        parts = shared_out(np.array(logs), np.stack(changes), total)
        return {name: part for name, part in zip(names, parts.tolist(), strict=True) if part}

    def _place(self, model: ChurnModel, at: int) -> "_Place":
        state = self.states[at]
        columns = columns_of([state.row], {*model.features, "contract_term_months"})
        matrix, _ = design(columns, model.document.features, model.document.terms)
        clock = clock_of(model, columns, [state.elapsed_days], [state.days_to_renewal])
        return _Place(matrix[0], clock, np.array([[self.forecasts[at].driver_days]]))


@dataclass(frozen=True, slots=True)
class _Place:
    """A state's row of the design, shape (terms,), and where it stands in time."""

    row: Floats
    clock: Clock
    days: Floats

    def log_hazard(self, cause: Cause, eta: float) -> float:
        """Log of the cumulative hazard up to the days explained of an account with such signals."""
        hazard = self.clock.hazard(cause, self.days, np.array([eta]))[0, 0]
        return float(np.log(np.maximum(hazard, MIN_HAZARD)))


def _path(cause: Cause, here: _Place, there: _Place, shifts: Floats) -> tuple[float, Floats]:
    """Log cumulative hazard at the start and its changes, by signal and at last the baseline's.

    In a mixture with accounts that never leave, what signals change depends on the place in time
    and what time changes on the signals: the mean of either at both ends is taken.
    """
    effects = cause.coefficients @ shifts
    eta, later = (float(cause.coefficients @ place.row) for place in (here, there))
    if cause.document.cure is None:
        start, end = here.log_hazard(cause, 0.0), there.log_hazard(cause, 0.0)
        return start + eta, np.append(effects, end - start)
    corners = [[place.log_hazard(cause, at) for at in (eta, later)] for place in (here, there)]
    (start, only_signals), (only_time, end) = corners
    by_signals = (only_signals - start + end - only_time) / 2
    by_time = (only_time - start + end - only_signals) / 2
    if abs(later - eta) > NUDGE:
        return start, np.append(effects * by_signals / (later - eta), by_time)
    slopes = [p.clock.slope(cause, p.days, np.array([eta]))[0, 0] for p in (here, there)]
    return start, np.append(effects * float(np.mean(slopes)), by_time)


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
    shift, middle = end - start, (end + start) / 2
    shares = np.zeros((len(start), len(column)))
    for i, term in enumerate(model.document.terms):
        if term.kind != "product":
            shares[i, column[term.feature]] += shift[i]
            continue
        for signal, other in ((term.left, term.right), (term.right, term.left)):
            feature = model.document.terms[signal].feature
            shares[i, column[feature]] += shift[signal] * middle[other] / term.scale
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

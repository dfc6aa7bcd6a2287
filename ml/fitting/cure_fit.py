"""Fit a mixture of accounts that will leave and accounts that never will."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize  # pyrefly: ignore[untyped-import] - scipy ships no types
from threadpoolctl import threadpool_limits

from ml.frames.frame import Frame
from ml.scoring.cure import cumulative_hazard
from ml.scoring.document import Cure
from ml.scoring.features import Floats

MAX_STEPS: Final = 2_000
LOG_ODDS: Final = (-20.0, 20.0)
PACE: Final = (0.0, 2.0)
LOG_JUMP: Final = (-15.0, 3.0)
"""Bounds of the log hazard of a month, of those who will leave: e³ means that nobody is left."""

MIN_CHANCE: Final = 1e-6
NUDGE: Final = 1e-4
AT_BOUND: Final = 1e-6
FLAT: Final = 1e-4
"""Slope of the mean log likelihood below which a fit has come to rest."""
ROWS_AT_ONCE: Final = 8_192


@dataclass(frozen=True, slots=True)
class Mixture:
    """A fit: `coefficients` of the log odds of ever leaving, shape (terms,), and `latency`.

    The latter is the cumulative hazard of those who will leave, at the end of months 0, 1, ….
    """

    cure: Cure
    coefficients: Floats
    latency: Floats

    def survival(self, matrix: Floats) -> Floats:
        """Chance of staying through months 0, 1, … of rows of a design, shape (rows, months)."""
        eta = matrix @ self.coefficients
        return np.exp(-cumulative_hazard(self.cure, self.latency[None, :], eta[:, None]))


@dataclass(frozen=True, slots=True)
class Doubt:
    """How far a fit may be off.

    `variance` of the coefficients, shape (terms, terms); `spread`, shape (months,), of the
    reference account's log cumulative hazard; `lean`, shape (months, terms), their covariance.
    """

    variance: Floats
    spread: Floats
    lean: Floats


@dataclass(frozen=True, slots=True)
class Likelihood:
    """The penalised likelihood of rows whose losses are known by the month.

    Parameters are, in this order: log odds of the reference account, coefficients, pace, and the
    log hazard, of those who will leave, of every month in which anybody left (`months`).
    `rank` counts these months up to the end of each row, shape (rows,).
    """

    matrix: Floats
    event: NDArray[np.bool_]
    rank: NDArray[np.int64]
    months: NDArray[np.int64]
    ridge: Floats

    @classmethod
    def of(cls, frame: Frame, matrix: Floats, penalties: Floats) -> "Likelihood":
        """Of a frame's rows; penalties count per row, shape (terms,)."""
        months = np.unique(frame.duration[frame.event])
        rank = np.searchsorted(months, frame.duration, side="right")
        return cls(matrix, frame.event, rank.astype(np.int64), months, penalties * len(frame))

    @property
    def terms(self) -> int:
        return int(self.matrix.shape[1])

    @property
    def bounds(self) -> Floats:
        """Least and largest value of each parameter, shape (parameters, 2)."""
        free = [(-np.inf, np.inf)] * self.terms
        return np.array([LOG_ODDS, *free, PACE, *[LOG_JUMP] * len(self.months)])

    def start(self) -> Floats:
        """Half of all will leave, no signal says who, and months are as among those lost."""
        lost = np.bincount(self.rank[self.event], minlength=len(self.months) + 1)[1:]
        left = lost[::-1].cumsum()[::-1]
        jump = np.clip(np.log(lost / left), *LOG_JUMP)
        return np.concatenate([np.zeros(self.terms + 2), jump])

    def value(self, at: Floats) -> tuple[float, Floats]:
        """Mean negative penalised log likelihood and its gradient, shape (parameters,)."""
        rows = self._rows(at)
        beta, count = at[1 : 1 + self.terms], len(self.rank)
        penalty = 0.5 * float(self.ridge @ beta**2)
        gradient = np.concatenate(
            [
                [rows.odds.sum()],
                self.matrix.T @ (rows.odds + rows.pace * rows.time) - self.ridge * beta,
                [rows.time @ rows.eta],
                self._by_month(rows),
            ]
        )
        return (penalty - float(rows.logs.sum())) / count, -gradient / count

    def scores(self, at: Floats, part: slice) -> Floats:
        """Slopes of the log likelihood of some rows, shape (rows, parameters)."""
        rows = self._rows(at)
        odds, time = rows.odds[part, None], rows.time[part, None]
        rank, place = self.rank[part, None], np.arange(len(self.months))
        month = (
            rows.after[part, None] * (place < rank) + rows.before[part, None] * (place < rank - 1)
        ) * rows.jump
        slope = self.matrix[part] * (odds + rows.pace * time)
        return np.concatenate([odds, slope, time * rows.eta[part, None], month], axis=1)

    def _by_month(self, rows: "_Slopes") -> Floats:
        size = len(self.months) + 1
        at_end = np.bincount(self.rank, rows.after, size)
        earlier = np.bincount(np.maximum(self.rank - 1, 0), rows.before, size)
        return (at_end + earlier)[1:][::-1].cumsum()[::-1] * rows.jump

    def _rows(self, at: Floats) -> "_Slopes":
        terms, lost = self.terms, self.event
        beta, pace, jump = at[1 : 1 + terms], float(at[1 + terms]), np.exp(at[2 + terms :])
        latency = np.concatenate([[0.0], jump.cumsum()])
        eta = self.matrix @ beta
        ever: Floats = 1.0 / (1.0 + np.exp(-np.clip(at[0] + eta, -30.0, 30.0)))
        sooner = np.exp(np.clip(pace * eta, -20.0, 20.0))
        after = latency[self.rank] * sooner
        before = latency[np.maximum(self.rank - 1, 0)] * sooner
        stay, month = np.exp(-after), np.maximum(after - before, 1e-12)
        still: Floats = np.maximum(1.0 - ever * -np.expm1(-after), 1e-300)
        by_loss = np.exp(-month) / -np.expm1(-month)
        risen = np.log(-np.expm1(-month))
        at_loss: Floats = np.log(ever) - before + risen
        unsettled: Floats = ever * (1.0 - ever) * np.expm1(-after) / still
        logs = np.where(lost, at_loss, np.log(still))
        odds = np.where(lost, 1.0 - ever, unsettled)
        by_after = np.where(lost, by_loss, -ever * stay / still)
        by_before = np.where(lost, -1.0 - by_loss, 0.0)
        time = by_after * after + by_before * before
        return _Slopes(logs, odds, time, by_after * sooner, by_before * sooner, eta, pace, jump)


@dataclass(frozen=True, slots=True)
class _Slopes:
    """Log likelihood of each row and its slopes by log odds, by log time, by Λ after and before."""

    logs: Floats
    odds: Floats
    time: Floats
    after: Floats
    before: Floats
    eta: Floats
    pace: float
    jump: Floats


@dataclass(frozen=True, slots=True)
class Settled:
    """A fit that came to rest, and where."""

    likelihood: Likelihood
    at: Floats

    @property
    def is_at_rest(self) -> bool:
        """Whether no step within the bounds still gains anything that counts.

        Asked of the slope itself: at the limits of rounding SciPy may call a summit a failure.
        """
        low, high = self.likelihood.bounds.T
        slope = self.likelihood.value(self.at)[1]
        step = np.clip(self.at - slope, low, high) - self.at
        return bool(np.abs(step).max() < FLAT)

    @property
    def mixture(self) -> Mixture:
        """What it says; months up to the last loss."""
        terms = self.likelihood.terms
        hazard = np.zeros(int(self.likelihood.months[-1]) + 1)
        hazard[self.likelihood.months] = np.exp(self.at[2 + terms :])
        cure = Cure(float(self.at[0]), float(self.at[1 + terms]))
        return Mixture(cure, self.at[1 : 1 + terms], hazard.cumsum())

    def doubt(self) -> Doubt | None:
        """How far it may be off: the sandwich of rows' slopes about the curvature.

        Parameters at a bound count as known. None where the curvature is not that of a summit.

        References
        ----------
        Huber (1967), The behavior of maximum likelihood estimates under nonstandard conditions,
        Fifth Berkeley Symposium 1:221-233.
        """
        with threadpool_limits(1):
            variance = self._variance()
        return None if variance is None else self._read(variance)

    def _variance(self) -> Floats | None:
        low, high = self.likelihood.bounds.T
        free = np.flatnonzero((self.at > low + AT_BOUND) & (self.at < high - AT_BOUND))
        curvature = self._curvature(free)
        if np.linalg.eigvalsh(curvature).min() <= 0:
            return None
        inverse = np.linalg.inv(curvature)
        variance = np.zeros((len(self.at), len(self.at)))
        for first in range(0, len(self.likelihood.rank), ROWS_AT_ONCE):
            rows = self.likelihood.scores(self.at, slice(first, first + ROWS_AT_ONCE))
            influence = rows[:, free] @ inverse
            variance[np.ix_(free, free)] += influence.T @ influence
        return variance

    def _curvature(self, free: NDArray[np.int64]) -> Floats:
        curvature = np.empty((len(free), len(free)))
        for k, place in enumerate(free.tolist()):
            step = np.zeros_like(self.at)
            step[place] = NUDGE
            up, down = (self.likelihood.value(self.at + way * step)[1] for way in (1, -1))
            curvature[k] = (up - down)[free] * (len(self.likelihood.rank) / (2 * NUDGE))
        return (curvature + curvature.T) / 2

    def _read(self, variance: Floats) -> Doubt:
        terms = self.likelihood.terms
        coefficients = slice(1, 1 + terms)
        slopes = self._reference_slopes()
        spread = np.einsum("mi,ij,mj->m", slopes, variance, slopes)
        lean = slopes @ variance[:, coefficients]
        return Doubt(variance[coefficients, coefficients], spread, lean)

    def _reference_slopes(self) -> Floats:
        """Slopes of the reference account's log cumulative hazard, shape (months, parameters)."""
        slopes = np.zeros((len(self.mixture.latency), len(self.at)))
        moving = [0, *range(2 + self.likelihood.terms, len(self.at))]
        for place in moving:
            step = np.zeros_like(self.at)
            step[place] = NUDGE
            up, down = (
                _log_reference(Settled(self.likelihood, self.at + way * step)) for way in (1, -1)
            )
            slopes[:, place] = (up - down) / (2 * NUDGE)
        return slopes


def _log_reference(settled: Settled) -> Floats:
    mixture = settled.mixture
    hazard = cumulative_hazard(mixture.cure, mixture.latency, np.zeros(len(mixture.latency)))
    return np.log(np.maximum(hazard, 1e-12))


def fit(frame: Frame, matrix: Floats, penalties: Floats) -> Settled | None:
    """Maximise the penalised likelihood of a mixture.

    Parameters
    ----------
    frame
        Rows on the `start` clock, one an account, some of them lost, all for one cause.
    matrix
        Their standardised design, shape (rows, terms).
    penalties
        Ridge penalty of each term per row, shape (terms,).

    Returns
    -------
    The fit; None if it does not come to rest.
    """
    likelihood = Likelihood.of(frame, matrix, penalties)
    with threadpool_limits(1):  # small products: threads spin, and the last bits differ
        optimum = minimize(
            likelihood.value,
            likelihood.start(),
            jac=True,
            method="L-BFGS-B",
            bounds=likelihood.bounds,
            options={"maxiter": MAX_STEPS, "maxfun": 2 * MAX_STEPS, "ftol": 1e-12, "gtol": 1e-7},
        )
    settled = Settled(likelihood, np.asarray(optimum.x, dtype=np.float64))
    return settled if optimum.success or settled.is_at_rest else None


def log_likelihood(frame: Frame, stays: Floats) -> float:
    """Log likelihood of rows that a mixture was not fitted to.

    A loss in a month in which nobody had left before counts as one in a million. `stays` is the
    chance of staying through months 0, 1, … that it gives them, shape (rows, months).
    """
    last = stays.shape[1] - 1
    rows, until = np.arange(len(frame)), np.minimum(frame.duration, last)
    before = stays[rows, np.maximum(until - 1, 0)]
    survival = stays[rows, until]
    lost = np.maximum(before - survival, MIN_CHANCE)
    chance: Floats = np.where(frame.event, lost, np.maximum(survival, MIN_CHANCE))
    return float(np.log(chance).sum())

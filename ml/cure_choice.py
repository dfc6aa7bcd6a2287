"""Whether some accounts are never lost at all: held-out rows decide."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ml import cure_fit, newton
from ml.baseline import cumulative_hazard, kalbfleisch_prentice
from ml.choice import Candidate, Progress, Trial, sampled, trials
from ml.cure_fit import Doubt, Mixture
from ml.design import Design, learn
from ml.features import Floats
from ml.frame import Frame
from ml.metrics import Outcome, squared_errors, still_there

PENALTIES: Final = (0.00001, 0.0001, 0.001, 0.01)
BEND: Final = 10.0
SILENT: Final = 2.0
"""Wald statistic per term up to which a signal says no more than chance would (Akaike 1974)."""

LEAST_LOST: Final = 60
"""Fewest losses from which it can be told who never leaves from who leaves late."""

MOST_MONTHS: Final = 24
"""Months at most at which errors are compared, evenly spaced."""

STILL_FOLLOWED: Final = 0.05


@dataclass(frozen=True, slots=True)
class Cured:
    """A mixture that forecasts better than proportional hazards do, and how far it may be off.

    `error` and `proportional` are the integrated Brier scores of both on rows held out.
    """

    chosen: Candidate
    mixture: Mixture
    doubt: Doubt
    error: float
    proportional: float

    @property
    def note(self) -> str:
        """What readers of the model must know of it."""
        never = 1 / (1 + np.exp(self.mixture.cure.log_odds))
        return (
            f"some are never lost (of those like the reference, {never:.0%}): a mixture cure "
            "model, better on held-out rows than proportional hazards (integrated Brier score "
            f"{self.error:.4f} for {self.proportional:.4f}); ratios are of cumulative hazards"
        )


def cured(
    frame: Frame, chosen: Candidate, *, seed: int, progress: Progress = lambda _: None
) -> Cured | None:
    """The mixture for a frame, if it is better than what was chosen under proportional hazards.

    Penalty, log scales and bends are compared by the likelihood of folds held out; then the
    integrated Brier score of the best must be lower than that of `chosen`, on the same folds, by
    more than twice its standard error.

    Parameters
    ----------
    frame
        Rows, lost for one cause.
    chosen
        Design and penalties under proportional hazards.
    seed
        Decides the folds.
    progress
        Told what is being done, a few words at a time.

    Returns
    -------
    None with landmarks, several rows an account, fewer than 60 losses, or where hazards are
    proportional as far as held-out rows can tell.
    """
    if frame.clock != "start" or frame.lost < LEAST_LOST or frame.accounts < len(frame):
        return None
    sample = sampled(frame, seed)
    held = trials(sample, seed)
    progress("are some never lost?")
    best, speaks = _first(sample, held)
    proportional = _on(chosen, frame, sample)
    if best is None or not _compared(sample, held, proportional, best).is_close:
        return None
    progress("who is never lost")
    for step in (_without_logarithms, _straight, _without_silent):
        rival = step(sample, best)
        says = _likelihood(sample, held, rival) if rival else -np.inf
        if rival and says > speaks:
            best, speaks = rival, says
    told = _compared(sample, held, proportional, best)
    return _settled(frame, sample, best, told) if told.is_better else None


def _first(frame: Frame, held: Sequence[Trial]) -> tuple[Candidate | None, float]:
    """The penalty whose mixtures speak best of folds held out; None if none came to rest."""
    candidates = [Candidate(learn(frame), penalty) for penalty in PENALTIES]
    likelihoods = [_likelihood(frame, held, candidate) for candidate in candidates]
    at = int(np.argmax(likelihoods))
    known = bool(np.isfinite(likelihoods[at]))
    return (candidates[at] if known else None), likelihoods[at]


def _without_logarithms(frame: Frame, best: Candidate) -> Candidate | None:
    """Skewed numbers as they are, if there are any."""
    skewed = any(feature.logarithmic for feature in best.design.features)
    return replace(best, design=learn(frame, logarithms=False)) if skewed else None


def _straight(_: Frame, best: Candidate) -> Candidate | None:
    """Bends pulled harder towards none."""
    bent = any(term.kind == "spline" for term in best.design.terms)
    return replace(best, bend_penalty=BEND * best.penalty) if bent else None


def _without_silent(frame: Frame, best: Candidate) -> Candidate | None:
    """Only the signals that say more than chance would of who is ever lost."""
    design = best.design
    fitted = cure_fit.fit(frame, design.matrix(frame), best.penalties)
    doubt = fitted.doubt() if fitted else None
    if fitted is None or doubt is None:
        return None
    beta = fitted.mixture.coefficients
    silent = {f.name for f in design.features if _wald(design, f.name, beta, doubt) <= SILENT}
    if not silent or len(silent) == len(design.features):
        return None
    kept = Design(
        tuple(feature for feature in design.features if feature.name not in silent),
        tuple(term for term in design.terms if term.feature not in silent),
        (*design.notes, *(f"{name}: left out, it adds nothing" for name in sorted(silent))),
    )
    return replace(best, design=kept)


def _wald(design: Design, name: str, beta: Floats, doubt: Doubt) -> float:
    at = np.flatnonzero([term.feature == name for term in design.terms])
    variance = doubt.variance[np.ix_(at, at)]
    return float(beta[at] @ np.linalg.pinv(variance) @ beta[at]) / len(at)


def _on(chosen: Candidate, frame: Frame, sample: Frame) -> Candidate:
    """The candidate as it was compared: penalties count per row, and a sample has fewer."""
    share = len(frame) / len(sample)
    product, bend = chosen.product_penalty, chosen.bend_penalty
    return replace(
        chosen,
        penalty=chosen.penalty * share,
        product_penalty=None if product is None else product * share,
        bend_penalty=None if bend is None else bend * share,
    )


def _settled(frame: Frame, sample: Frame, best: Candidate, told: "_Compared") -> Cured | None:
    chosen = _on(best, sample, frame)
    fitted = cure_fit.fit(frame, chosen.design.matrix(frame), chosen.penalties)
    doubt = fitted.doubt() if fitted else None
    if fitted is None or doubt is None:
        return None
    return Cured(chosen, fitted.mixture, doubt, told.mixture, told.proportional)


def _likelihood(frame: Frame, held: Sequence[Trial], candidate: Candidate) -> float:
    matrix, total = candidate.design.matrix(frame), 0.0
    for trial in held:
        fitted = cure_fit.fit(trial.fitted, matrix[trial.fitted_rows], candidate.penalties)
        if fitted is None:
            return -np.inf
        judged = matrix[trial.judged_rows]
        total += cure_fit.log_likelihood(trial.judged, judged, fitted.mixture)
    return total


@dataclass(frozen=True, slots=True)
class _Compared:
    """Integrated Brier scores on held-out rows, and the standard error of their difference."""

    proportional: float
    mixture: float
    error: float

    @property
    def is_better(self) -> bool:
        """Whether the mixture wins by more than chance would give it."""
        return self.proportional - self.mixture > 2 * self.error

    @property
    def is_close(self) -> bool:
        """Whether a better reading of the signals may still make it win."""
        return self.mixture - self.proportional < self.error


def _compared(
    frame: Frame, held: Sequence[Trial], chosen: Candidate, mixed: Candidate
) -> _Compared:
    found = [_errors(frame, trial, chosen, mixed) for trial in held]
    one, other = (np.concatenate(parts) for parts in zip(*found, strict=True))
    error = float(np.std(one - other)) / np.sqrt(len(one))
    return _Compared(float(one.mean()), float(other.mean()), float(error))


def _errors(
    frame: Frame, trial: Trial, chosen: Candidate, mixed: Candidate
) -> tuple[Floats, Floats]:
    """Each judged row's mean squared error over the months, under either model."""
    past = Outcome(trial.fitted.duration, trial.fitted.event)
    outcome = Outcome(trial.judged.duration, trial.judged.event)
    months = list(_months(past, outcome))
    found: list[Floats] = []
    for survival in (_proportional(frame, trial, chosen), _mixture(frame, trial, mixed)):
        last = survival.shape[1] - 1
        errors = [squared_errors(past, outcome, survival[:, min(m, last)], m) for m in months]
        found.append(np.mean(errors, axis=0))
    return found[0], found[1]


def _months(past: Outcome, outcome: Outcome) -> Iterator[int]:
    """Up to the last month that a twentieth of all outlive, on either side."""
    longest = int(min(past.duration.max(), outcome.duration.max()))
    reached = [
        month
        for month in range(1, longest)
        if min(still_there(side, month).mean() for side in (past, outcome)) >= STILL_FOLLOWED
    ] or [1]
    places = np.linspace(0, len(reached) - 1, min(MOST_MONTHS, len(reached)))
    yield from (reached[int(place)] for place in places.round())


def _proportional(frame: Frame, trial: Trial, chosen: Candidate) -> Floats:
    matrix = chosen.design.matrix(frame)
    quick = newton.fit(trial.fitted, matrix[trial.fitted_rows], chosen.penalties)
    beta = np.zeros(matrix.shape[1]) if quick is None else quick.coefficients
    weights = np.exp(matrix[trial.fitted_rows] @ beta)
    fitted = trial.fitted
    hazard = cumulative_hazard(fitted.duration, fitted.event, weights, kalbfleisch_prentice)
    return np.exp(-hazard[None, :] * np.exp(matrix[trial.judged_rows] @ beta)[:, None])


def _mixture(frame: Frame, trial: Trial, mixed: Candidate) -> Floats:
    matrix = mixed.design.matrix(frame)
    fitted = cure_fit.fit(trial.fitted, matrix[trial.fitted_rows], mixed.penalties)
    if fitted is None:
        return np.full((len(trial.judged), 2), 0.5)
    return fitted.mixture.survival(matrix[trial.judged_rows])

"""Whether some accounts are never lost at all: held-out rows decide."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ml.fitting import cure_fit, newton
from ml.fitting.baseline import cumulative_hazard, kalbfleisch_prentice
from ml.fitting.cure_fit import Doubt, Mixture
from ml.fitting.design import Design, learn
from ml.fitting.selection import Candidate, Fold, Progress, folds_of, sampled
from ml.frames.frame import Frame
from ml.judging.metrics import Outcome, squared_errors, still_there
from ml.scoring.features import Floats

PENALTIES: Final = (0.00001, 0.0001, 0.001, 0.01)
BEND: Final = 10.0
SILENT: Final = 2.0
"""Wald statistic per term up to which a signal says no more than chance would (Akaike 1974)."""

MIN_LOST: Final = 60
"""Fewest losses from which it can be told who never leaves from who leaves late."""

MAX_MONTHS: Final = 24
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

    Returns
    -------
    None with landmarks, several causes, several rows an account, fewer than 60 losses, or where
    hazards are proportional as far as held-out rows can tell.
    """
    one_row = frame.accounts == len(frame)
    if frame.clock != "start" or frame.lost < MIN_LOST or not one_row or len(frame.causes) > 1:
        return None
    sample = sampled(frame, seed)
    folds = folds_of(sample, seed)
    progress("are some never lost?")
    main = learn(sample)
    best = _Tried.best([_Tried.of(sample, folds, Candidate(main, p)) for p in PENALTIES])
    proportional = _errors(
        folds, _proportional(sample, folds, chosen.scaled(len(frame) / len(sample)))
    )
    if best is None or not _Compared.of(proportional, _errors(folds, best.curves)).is_close:
        return None
    progress("who is never lost")
    for step in (_without_logarithms, _straight, _without_silent):
        rival = step(sample, best.candidate)
        best = _Tried.best([best, _Tried.of(sample, folds, rival)] if rival else [best]) or best
    comparison = _Compared.of(proportional, _errors(folds, best.curves))
    return _settled(frame, sample, best.candidate, comparison) if comparison.is_better else None


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
    settled = cure_fit.fit(frame, design.matrix(frame), best.penalties)
    doubt = settled.doubt() if settled else None
    if settled is None or doubt is None:
        return None
    beta = settled.mixture.coefficients
    silent = {f.name for f in design.features if _wald(design, f.name, beta, doubt) <= SILENT}
    if not silent or len(silent) == len(design.features):
        return None
    narrower = Design(
        tuple(feature for feature in design.features if feature.name not in silent),
        tuple(term for term in design.terms if term.feature not in silent),
        (*design.notes, *(f"{name}: left out, it adds nothing" for name in sorted(silent))),
    )
    return replace(best, design=narrower)


def _wald(design: Design, name: str, beta: Floats, doubt: Doubt) -> float:
    at = np.flatnonzero([term.feature == name for term in design.terms])
    variance = doubt.variance[np.ix_(at, at)]
    return float(beta[at] @ np.linalg.pinv(variance) @ beta[at]) / len(at)


def _settled(frame: Frame, sample: Frame, best: Candidate, comparison: "_Compared") -> Cured | None:
    chosen = best.scaled(len(sample) / len(frame))  # penalties count per row
    settled = cure_fit.fit(frame, chosen.design.matrix(frame), chosen.penalties)
    doubt = settled.doubt() if settled else None
    if settled is None or doubt is None:
        return None
    return Cured(chosen, settled.mixture, doubt, comparison.mixture, comparison.proportional)


@dataclass(frozen=True, slots=True)
class _Tried:
    """A candidate's mixtures, one a trial, by what they say of the rows judged there.

    `curves`: chance of staying through months 0, 1, …, shape (rows, months) each. `speaks`: the log
    likelihood of all these rows, minus infinity where a fit did not come to rest.
    """

    candidate: Candidate
    curves: list[Floats]
    speaks: float

    @classmethod
    def of(cls, frame: Frame, folds: Sequence[Fold], candidate: Candidate) -> "_Tried":
        """Fit to each trial's rows and ask of those judged."""
        matrix, curves, speaks = candidate.design.matrix(frame), list[Floats](), 0.0
        for trial in folds:
            settled = cure_fit.fit(trial.training, matrix[trial.training_rows], candidate.penalties)
            if settled is None:
                return cls(candidate, [], -np.inf)
            curves.append(settled.mixture.survival(matrix[trial.validation_rows]))
            speaks += cure_fit.log_likelihood(trial.validation, curves[-1])
        return cls(candidate, curves, speaks)

    @staticmethod
    def best(tried: Sequence["_Tried"]) -> "_Tried | None":
        """Which speaks best of rows held out; None if no fit came to rest."""
        best = max(tried, key=lambda attempt: attempt.speaks)
        return best if np.isfinite(best.speaks) else None


@dataclass(frozen=True, slots=True)
class _Compared:
    """Integrated Brier scores on held-out rows, and the standard error of their difference."""

    proportional: float
    mixture: float
    error: float

    @classmethod
    def of(cls, proportional: Floats, mixture: Floats) -> "_Compared":
        """From each row's error under either, shape (rows,)."""
        error = float(np.std(proportional - mixture)) / np.sqrt(len(mixture))
        return cls(float(proportional.mean()), float(mixture.mean()), float(error))

    @property
    def is_better(self) -> bool:
        """Whether the mixture wins by more than chance would give it."""
        return self.proportional - self.mixture > 2 * self.error

    @property
    def is_close(self) -> bool:
        """Whether a better reading of the signals may still make it win."""
        return self.mixture - self.proportional < self.error


def _errors(folds: Sequence[Fold], curves: Sequence[Floats]) -> Floats:
    """Each judged row's mean squared error over the months, trial after trial, shape (rows,)."""
    by_fold: list[Floats] = []
    for trial, survival in zip(folds, curves, strict=True):
        past = Outcome(trial.training.duration, trial.training.event)
        outcome = Outcome(trial.validation.duration, trial.validation.event)
        last = survival.shape[1] - 1
        errors = [
            squared_errors(past, outcome, survival[:, min(month, last)], month)
            for month in _months(past, outcome)
        ]
        by_fold.append(np.mean(errors, axis=0))
    return np.concatenate(by_fold)


def _months(past: Outcome, outcome: Outcome) -> Iterator[int]:
    """Up to the last month that a twentieth of all outlive, on either side."""
    longest = int(min(past.duration.max(), outcome.duration.max()))
    reached = [
        month
        for month in range(1, longest)
        if min(still_there(side, month).mean() for side in (past, outcome)) >= STILL_FOLLOWED
    ] or [1]
    places = np.linspace(0, len(reached) - 1, min(MAX_MONTHS, len(reached)))
    yield from (reached[int(place)] for place in places.round())


def _proportional(frame: Frame, folds: Sequence[Fold], chosen: Candidate) -> list[Floats]:
    """What proportional hazards say of the rows that each trial judges, as `_Tried.curves`."""
    matrix, errors = chosen.design.matrix(frame), list[Floats]()
    for trial in folds:
        training, past = trial.training, matrix[trial.training_rows]
        quick = newton.fit(training, past, chosen.penalties)
        beta = np.zeros(matrix.shape[1]) if quick is None else quick.coefficients
        hazard = cumulative_hazard(
            training.duration, training.event, np.exp(past @ beta), kalbfleisch_prentice
        )
        weights = np.exp(matrix[trial.validation_rows] @ beta)
        errors.append(np.exp(-hazard[None, :] * weights[:, None]))
    return errors

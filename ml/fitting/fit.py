"""Fit the forecast: one Cox model per cause, penalties chosen on held-out rows, baselines."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import lifelines
import msgspec
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from ml.fitting import frailty
from ml.fitting.cox import cox, influence
from ml.fitting.cure_selection import Cured, cured
from ml.fitting.design import Design
from ml.fitting.selection import Candidate, Progress, choose, penalise, sampled
from ml.fitting.strata import baselines, last_known
from ml.fitting.uncertainty import spread
from ml.frames.frame import Frame, checked, one_stratum
from ml.scoring.document import (
    FORMAT,
    MIXED,
    CauseModel,
    ForecastModel,
    Packed,
    Stratum,
    schema_hash,
)
from ml.scoring.features import Floats
from ml.scoring.hazards import TAIL_MONTHS
from ml.scoring.renewal_clock import EVERYONE

MIN_EVENTS: Final = 20
DISCRETE: Final = "kalbfleisch-prentice"
MAX_ROWS: Final = 40_000
"""Rows on which it is found how far coefficients are drawn in; more cost time and change little."""

MIN_FOR_STRATA: Final = 5
"""Fewest lost accounts for Kaplan–Meier curves by stratum, where a model has too few."""


def fit(
    frame: Frame,
    *,
    seed: int = 0,
    baseline: str = DISCRETE,
    metrics: dict[str, float] | None = None,
    min_events: int = MIN_EVENTS,
    progress: Progress = lambda _: None,
) -> ForecastModel:
    """Fit the forecast to a frame.

    Parameters
    ----------
    frame
        Rows with at least `min_events` churned accounts and some that stayed.
    seed
        Decides the folds by account on which design and penalty are chosen.
    baseline
        `kalbfleisch-prentice`, right under ties, or `breslow`, as lifelines predicts.
    min_events
        Fewest churned accounts to fit to; lower only where a part stands for the whole.

    Returns
    -------
    The exported model. The same frame and seed give the same bytes.

    Raises
    ------
    TrainingRefused
        If the frame cannot carry a model, or no penalty makes the fit converge.

    References
    ----------
    Van Houwelingen (2007), Dynamic prediction by landmarking in event history analysis,
    Scandinavian Journal of Statistics 34(1):70-85.
    """
    frame = prepared(frame, min_events)
    with threadpool_limits(1):  # small products: threads spin, and the last bits differ
        parts = _parts(frame, seed, min_events, progress)
        progress("final fit")
        causes = [_cause_model(frame, part, baseline, seed) for part in parts]
    design = parts[0].design
    notes = [note for part in parts if (note := part.note)]
    finite = {name: float(value) for name, value in (metrics or {}).items() if np.isfinite(value)}
    model = _document(frame, design, causes, seed=seed, baseline=baseline)
    return msgspec.structs.replace(model, metrics=finite, notes=(*design.notes, *notes))


def _document(
    frame: Frame, design: Design, causes: Sequence[CauseModel], *, seed: int, baseline: str
) -> ForecastModel:
    return ForecastModel(
        format=MIXED if any(cause.cure for cause in causes) else FORMAT,
        clock=frame.clock,
        horizon_months=int(frame.duration.max()),
        tail_months=TAIL_MONTHS if frame.clock == "start" else 0,
        baseline=baseline,
        features=design.features,
        terms=design.terms,
        schema_hash=schema_hash(design.features, design.terms),
        causes=tuple(causes),
        data_from=frame.data_from.isoformat(),
        data_to=frame.data_to.isoformat(),
        data_hash=frame.hashed(),
        rows=len(frame),
        accounts=frame.accounts,
        events=frame.lost,
        seed=seed,
        notes=(),
        libraries=libraries(),
    )


Effects = Literal["own", "shared", "none"]


@dataclass(frozen=True, slots=True)
class Part:
    """What is to be fitted to one cause: its design and penalties, and whose losses speak.

    `cured` instead, where held-out rows say that some are never lost.
    """

    cause: str
    lost: int
    effects: Effects
    chosen: Candidate
    cured: Cured | None = None

    @property
    def design(self) -> Design:
        """The design that serves."""
        return self.cured.chosen.design if self.cured else self.chosen.design

    @property
    def note(self) -> str | None:
        """What readers must know of a cause with few losses, or of accounts that never leave."""
        if self.effects == "own":
            return self.cured.note if self.cured else None
        why = f"{self.cause}: only {self.lost} accounts were lost for this cause; "
        if self.effects == "shared":
            return why + "what makes a difference is taken from all losses together"
        return why + "its chance differs by place on the renewal clock alone"


def _parts(frame: Frame, seed: int, min_events: int, progress: Progress) -> list[Part]:
    """One a cause, that of most losses first; all over the same design."""
    lost = {cause: frame.only(cause).lost for cause in frame.causes}
    first = frame.causes[0]
    if lost[first] < min_events:
        chosen = choose(frame, seed=seed, progress=progress)
        return [Part(cause, count, "shared", chosen) for cause, count in lost.items()]
    chosen = choose(frame.only(first), seed=seed, progress=progress)
    mixed = cured(frame, chosen, seed=seed, progress=progress)
    parts = [Part(first, lost[first], "own", chosen, mixed)]
    for cause in frame.causes[1:]:
        enough = lost[cause] >= min_events
        own = (
            penalise(frame.only(cause), chosen.design, seed=seed, progress=progress)
            if enough
            else chosen
        )
        parts.append(Part(cause, lost[cause], "own" if enough else "none", own))
    return parts


def _cause_model(frame: Frame, part: Part, baseline: str, seed: int) -> CauseModel:
    if part.cured:
        return _mixed(frame, part, part.cured)
    matrix = part.chosen.design.matrix(frame)
    coefficients, shifts = _effects(frame, part, matrix)
    strata = baselines(frame, matrix @ coefficients, baseline, cause=part.cause)
    return CauseModel(
        cause=part.cause,
        effects=part.effects,
        events=part.lost,
        coefficients=tuple(map(float, coefficients)),
        variance=Packed.of(shifts.T @ shifts),
        strata=spread(
            frame,
            matrix,
            coefficients,
            shifts,
            strata,
            cause=part.cause,
            baseline=baseline,
            seed=seed,
        ),
        penalty=None if part.effects == "none" else part.chosen.penalty,
        interaction_penalty=None if part.effects == "none" else part.chosen.product_penalty,
        bend_penalty=None if part.effects == "none" else part.chosen.bend_penalty,
        unseen=_unseen(frame, part, coefficients, seed),
    )


def _mixed(frame: Frame, part: Part, mixture: Cured) -> CauseModel:
    """The cause as a mixture with accounts that never leave."""
    reach = last_known(frame.duration)
    months = np.minimum(np.arange(reach + 1), len(mixture.mixture.latency) - 1)
    stratum = Stratum(
        tuple(mixture.mixture.latency[months].tolist()),
        reach,
        len(frame),
        part.lost,
        spread=tuple(mixture.doubt.spread[months].tolist()),
        lean=Packed.of(mixture.doubt.lean[months]),
    )
    return CauseModel(
        cause=part.cause,
        effects=part.effects,
        events=part.lost,
        coefficients=tuple(map(float, mixture.mixture.coefficients)),
        variance=Packed.of(mixture.doubt.variance),
        strata={EVERYONE: stratum},
        penalty=mixture.chosen.penalty,
        bend_penalty=mixture.chosen.bend_penalty,
        cure=mixture.mixture.cure,
    )


def _unseen(frame: Frame, part: Part, coefficients: Floats, seed: int) -> float:
    """Variance of the log hazard around what signals show; 0 where nobody told of halves."""
    if frame.halves is None or part.effects == "none":
        return 0.0
    design = part.chosen.design
    halves = frailty.halves_on_scale(frame.halves, design.features, design.terms, coefficients)
    rows = sampled(frame if part.effects == "shared" else frame.only(part.cause), seed, MAX_ROWS)
    slope = frailty.slope(rows, design.matrix(rows), part.chosen.penalties, seed=seed)
    return frailty.variance(halves, slope)


def _effects(frame: Frame, part: Part, matrix: Floats) -> tuple[Floats, Floats]:
    """Coefficients, shape (terms,), and what each account moves them by, (accounts, terms)."""
    if part.effects == "none":
        terms = int(matrix.shape[1])
        return np.zeros(terms), np.zeros((frame.accounts, terms))
    rows = frame if part.effects == "shared" else frame.only(part.cause)
    cox_fit = cox(rows, matrix, part.chosen.penalties)
    return cox_fit.coefficients, influence(rows, matrix, cox_fit)


def fit_strata(frame: Frame, *, seed: int = 0) -> ForecastModel:
    """Kaplan–Meier curves by stratum and cause, for data that cannot carry a model yet.

    Parameters
    ----------
    frame
        Rows with at least `MIN_FOR_STRATA` churned accounts and some that stayed.

    Raises
    ------
    TrainingRefused
        If there are still fewer losses, or the frame is broken.
    """
    frame = prepared(frame, MIN_FOR_STRATA)
    nothing = np.zeros((len(frame), 0))
    causes = [_curves(frame, cause, nothing, seed) for cause in frame.causes]
    note = (
        f"only {frame.lost} of {frame.accounts} accounts have churned: every account gets the "
        "curve of its place on the renewal clock (Kaplan–Meier), whatever its signals say"
    )
    model = _document(frame, Design((), (), ()), causes, seed=seed, baseline=DISCRETE)
    return msgspec.structs.replace(model, basis="strata", notes=(note,))


def _curves(frame: Frame, cause: str, nothing: Floats, seed: int) -> CauseModel:
    hazards = baselines(frame, np.zeros(len(frame)), DISCRETE, cause=cause)
    unmoved = np.zeros((frame.accounts, 0))
    return CauseModel(
        cause=cause,
        effects="none",
        events=frame.only(cause).lost,
        coefficients=(),
        variance=Packed.of(np.zeros((0, 0))),
        strata=spread(
            frame, nothing, np.zeros(0), unmoved, hazards, cause=cause, baseline=DISCRETE, seed=seed
        ),
    )


def libraries() -> dict[str, str]:
    """Versions of what a fit depends on."""
    return {
        "lifelines": lifelines.__version__,
        "numpy": np.__version__,
        "pandas": pd.__version__,
        "python": platform.python_version(),
    }


def prepared(frame: Frame, min_events: int = MIN_EVENTS) -> Frame:
    """The frame checked, with one stratum if time runs from the start."""
    frame = checked(frame, min_events=min_events)
    if frame.clock == "start":
        return replace(frame, stratum=one_stratum(len(frame)))
    return frame

"""Rolling origin: fit on what was known before a day, judge by what came after it, many times."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any, ClassVar, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ml.backtesting.windows import Window
from ml.frames.frame import Frame, TrainingRefused
from ml.frames.tenant import Step
from ml.judging import metrics
from ml.judging.metrics import Outcome
from ml.scoring.features import Floats
from ml.scoring.renewal_clock import HORIZON_MONTHS

Forecaster: TypeAlias = Callable[[Frame], Floats]
"""Chance of staying through months 0, 1, … 12 for each row of a frame, shape (rows, 13)."""

Fitter: TypeAlias = Callable[[Frame], Forecaster]
FrameAt: TypeAlias = Callable[[date], Window]
Figures: TypeAlias = dict[str, float]

MONTHS: Final = (3, 12)
"""Horizons at which figures are given."""
EARLY: Final = (1, 2)
"""Months before those at which calibration is judged, too: 30 and 60 days."""
REPLICATES: Final = 200
MAX_OWN_ROWS: Final = 20_000
TOP_SHARES: Final = (0.05, 0.1)
MIN_LOSSES: Final = 20
"""Losses within twelve months below which a segment gets no figures."""

QUICK: Final = (
    "auc_3m", "auc_12m", "within_3m", "within_12m", "brier_3m", "brier_12m", "ibs", "oe_3m",
    "oe_12m",
)  # fmt: skip
"""Figures that get a standard error."""

FIGURES: Final = {
    "auc_3m": "AUC at 3 months",
    "auc_12m": "AUC at 12 months",
    "within_12m": "AUC at 12 months, same place on the renewal clock",
    "c_index": "C (Harrell)",
    "uno_c": "C (Uno)",
    "ibs": "integrated Brier score, months 1–12",
    "brier_12m": "Brier score at 12 months",
    "ici_1m": "ICI at 1 month",
    "ici_2m": "ICI at 2 months",
    "ici_3m": "ICI at 3 months",
    "ici_12m": "ICI at 12 months",
    "e50_12m": "E50 at 12 months",
    "e90_12m": "E90 at 12 months",
    "oe_3m": "observed / expected at 3 months",
    "oe_12m": "observed / expected at 12 months",
    "lift_10": "lift of the riskiest tenth",
}
"""Names of the figures that are shown, for readers."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Accounts at their origins, one row each, over all windows; arrays of shape (rows,).

    `stratum` is the place on the renewal clock; `segments` other groups. `survival` holds for each
    model the chance of staying through months 0 … 12, shape (rows, 13).
    """

    account: NDArray[np.str_]
    origin: NDArray[np.int64]
    duration: NDArray[np.int64]
    event: NDArray[np.bool_]
    stratum: NDArray[np.str_]
    segments: Mapping[str, NDArray[np.str_]]
    survival: Mapping[str, Floats]

    def __len__(self) -> int:
        return len(self.duration)

    @property
    def outcome(self) -> Outcome:
        """What became of the rows; months are followed to their end."""
        return Outcome(self.duration, self.event, closed=True)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "Rows":
        return Rows(
            self.account[rows],
            self.origin[rows],
            self.duration[rows],
            self.event[rows],
            self.stratum[rows],
            {name: values[rows] for name, values in self.segments.items()},
            {name: values[rows] for name, values in self.survival.items()},
        )


class OutOfReach(TrainingRefused):
    """What was known at an origin cannot speak for twelve months ahead."""

    code: ClassVar[str] = "OUT_OF_REACH"


@dataclass(frozen=True)
class Backtest:
    """Models judged on the same windows.

    `figures` and `errors` (standard errors, accounts resampled whole) by model; `own` each model's
    figures on its own training rows; `differences` the first model's figures less each other's,
    with standard errors. `left_out` says which origins were not judged, and why.
    """

    rows: Rows
    figures: dict[str, Figures]
    errors: dict[str, Figures]
    own: dict[str, Figures]
    differences: dict[str, Figures] = field(default_factory=dict[str, Figures])
    left_out: list[str] = field(default_factory=list[str])

    @cached_property
    def by_origin(self) -> dict[str, dict[str, Figures]]:
        """Figures of each origin's rows, by model."""
        return _by(self.rows, self.rows.origin.astype(np.str_), min_losses=1)

    @cached_property
    def by_segment(self) -> dict[str, dict[str, dict[str, Figures]]]:
        """Figures of each part of each division with enough losses, by model."""
        divisions = {**self.rows.segments, "renewal": self.rows.stratum}
        return {n: _by(self.rows, values, min_losses=MIN_LOSSES) for n, values in divisions.items()}


def backtest(
    frame_at: FrameAt,
    origins: Sequence[date],
    fitters: Mapping[str, Fitter],
    *,
    extra: Mapping[str, Callable[[Window], Floats]] | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
    step: Step | None = None,
) -> Backtest:
    """Fit every model at every origin on what was known there, and judge them on what followed.

    Parameters
    ----------
    frame_at
        Gives the window of an origin.
    fitters
        By name; the first one is compared with each of the others.
    extra
        Chances that need no fit, by name, for each window: a simulator's truth.

    Returns
    -------
    Figures over all windows together, by origin and by segment.

    Raises
    ------
    OutOfReach
        If a fitter raised it at every origin; an origin where one does is left out.
    """
    parts: list[Rows] = []
    own: list[dict[str, Figures]] = []
    left_out: list[str] = []
    step = step or _silent
    step("origins", 0, len(origins))
    for number, origin in enumerate(origins):
        window = frame_at(origin)
        try:
            forecasters = {name: fitter(window.training) for name, fitter in fitters.items()}
        except OutOfReach as error:
            left_out.append(str(error))
        else:
            survival = {name: ask(window.ahead) for name, ask in forecasters.items()}
            survival |= {name: give(window) for name, give in (extra or {}).items()}
            parts.append(_rows(window, survival))
            own.append({n: _own(window.training, ask, seed) for n, ask in forecasters.items()})
        step("origins", number + 1, len(origins))
    if not parts:
        raise OutOfReach("; ".join(left_out))
    judgement = judge(joined(parts), _means(own), replicates=replicates, seed=seed)
    return replace(judgement, left_out=left_out)


def _silent(name: str, done: int, total: int) -> None:
    """Nobody wants to be told."""


def judge(
    rows: Rows,
    own: Mapping[str, Figures] | None = None,
    *,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Backtest:
    """All figures of rows that were forecast."""
    errors, differences = standard_errors(rows, replicates, seed)
    return Backtest(
        rows,
        {name: figures(rows, name) for name in rows.survival},
        errors,
        dict(own or {}),
        differences,
    )


def joined(parts: Sequence[Rows]) -> Rows:
    """Rows of several windows, or of several runs, as one."""
    first = parts[0]
    return Rows(
        _strings([part.account for part in parts]),
        np.concatenate([part.origin for part in parts]),
        np.concatenate([part.duration for part in parts]),
        np.concatenate([part.event for part in parts]),
        _strings([part.stratum for part in parts]),
        {n: _strings([part.segments[n] for part in parts]) for n in first.segments},
        {n: _stacked([part.survival[n] for part in parts]) for n in first.survival},
    )


def _strings(parts: Sequence[NDArray[np.str_]]) -> NDArray[np.str_]:
    return np.array([text for part in parts for text in part.tolist()], dtype=np.str_)


def _stacked(parts: Sequence[Floats]) -> Floats:
    return np.concatenate(list(parts))


def figures(rows: Rows, model: str) -> Figures:
    """Figures of one model.

    `c_index` and `uno_c` rank by expected months lost within the twelve; `auc_<m>m`, `within_<m>m`
    (AUC among rows at the same place on the renewal clock), `brier_<m>m`, `ibs` over months 1–12,
    `ici_`, `e50_`, `e90_` and `oe_<m>m`, `ici_1m` and `ici_2m`, and `lift_5` and `lift_10`: churn
    within twelve months among the riskiest 5 and 10 %, over the churn of all.
    """
    outcome, survival = rows.outcome, rows.survival[model]
    risk = -survival[:, 1:].sum(axis=1)
    values = {
        "c_index": metrics.harrell(outcome, risk),
        "uno_c": metrics.uno(outcome, outcome, risk),
        **quick(rows, model),
    }
    for month in MONTHS:
        away = metrics.calibration_errors(outcome, 1 - survival[:, month], month)
        values |= {f"{name}_{month}m": value for name, value in away.items()}
    for month in EARLY:
        values[f"ici_{month}m"] = metrics.ici(outcome, 1 - survival[:, month], month)
    churn = 1 - survival[:, HORIZON_MONTHS]
    for share in TOP_SHARES:
        values[f"lift_{share:.0%}".rstrip("%")] = metrics.lift(
            outcome, churn, HORIZON_MONTHS, share
        )
    return values


def quick(rows: Rows, model: str) -> Figures:
    """The figures that are cheap enough to be resampled."""
    outcome, survival = rows.outcome, rows.survival[model]
    answers: Figures = {}
    for month in MONTHS:
        churn = 1 - survival[:, month]
        answers[f"auc_{month}m"] = metrics.auc(outcome, outcome, churn, month)
        answers[f"within_{month}m"] = metrics.auc_within(outcome, churn, month, rows.stratum)
        answers[f"brier_{month}m"] = metrics.brier(outcome, outcome, survival[:, month], month)
        answers[f"oe_{month}m"] = metrics.observed_to_expected(outcome, churn, month)
    months = np.arange(1, HORIZON_MONTHS + 1)
    answers["ibs"] = metrics.integrated_brier(outcome, outcome, survival[:, 1:], months)
    return answers


def standard_errors(
    rows: Rows, replicates: int, seed: int
) -> tuple[dict[str, Figures], dict[str, Figures]]:
    """Standard errors of figures, and of the first model's differences from each other one.

    Accounts are drawn whole, with all their rows: windows overlap, so an account's rows are not
    independent of one another.

    Returns
    -------
    By model and figure; the differences hold `<figure>` (first minus other) and `<figure>_se`.
    """
    random = np.random.default_rng(seed)
    accounts, at = np.unique(rows.account, return_inverse=True)
    order = np.argsort(at, kind="stable")
    ends = np.cumsum(np.bincount(at))
    starts = ends - np.bincount(at)
    samples: dict[str, list[Figures]] = {name: [] for name in rows.survival}
    for _ in range(replicates):
        chosen = random.integers(0, len(accounts), len(accounts))
        spans = zip(starts[chosen].tolist(), ends[chosen].tolist(), strict=True)
        sample = rows.take(np.concatenate([order[start:end] for start, end in spans]))
        for name in rows.survival:
            samples[name].append(quick(sample, name))
    spread = {name: _spread(resamples) for name, resamples in samples.items() if resamples}
    return spread, _differences(rows, samples)


def _spread(samples: Sequence[Figures]) -> Figures:
    return {key: _sd([f[key] for f in samples]) for key in QUICK}


def _sd(values: Sequence[float]) -> float:
    """Standard deviation of those that could be computed; NaN with fewer than two."""
    finite = np.array(values)[~np.isnan(values)]
    return float(finite.std(ddof=1)) if len(finite) > 1 else float("nan")


def _differences(rows: Rows, samples: Mapping[str, list[Figures]]) -> dict[str, Figures]:
    names = list(rows.survival)
    if len(names) < 2 or not samples[names[0]]:
        return {}
    first = quick(rows, names[0])
    differences: dict[str, Figures] = {}
    for name in names[1:]:
        other = quick(rows, name)
        pairs = list(zip(samples[names[0]], samples[name], strict=True))
        differences[name] = {}
        for key in QUICK:
            differences[name][key] = first[key] - other[key]
            apart = [ours[key] - theirs[key] for ours, theirs in pairs]
            differences[name][f"{key}_se"] = _sd(apart)
    return differences


def _by(rows: Rows, values: NDArray[Any], *, min_losses: int) -> dict[str, dict[str, Figures]]:
    """Figures of each part with enough losses, by the part's name and model."""
    groups: dict[str, dict[str, Figures]] = {}
    for value in np.unique(values).tolist():
        part = rows.take(values == value)
        if int(part.event.sum()) >= min_losses:
            groups[str(value)] = {name: _part(part, name) for name in rows.survival}
    return groups


def _part(part: Rows, model: str) -> Figures:
    outcome = part.outcome
    churn = 1 - part.survival[model][:, HORIZON_MONTHS]
    return {
        "rows": float(len(part)),
        "losses": float(part.event.sum()),
        **quick(part, model),
        **{
            f"{name}_12m": value
            for name, value in metrics.calibration_errors(outcome, churn, HORIZON_MONTHS).items()
        },
    }


def _rows(window: Window, survival: Mapping[str, Floats]) -> Rows:
    ahead = window.ahead
    columns = ahead.columns
    unknown = np.full(len(ahead), None, dtype=object)
    segments = {
        "plan": columns.get("plan", unknown).astype(np.str_),
        "term": columns.get("contract_term_months", unknown).astype(np.str_),
    }
    return Rows(
        account=np.array([str(account) for account in window.accounts], dtype=np.str_),
        origin=np.full(len(ahead), int(window.origin.strftime("%Y%m%d"))),
        duration=ahead.duration,
        event=ahead.event,
        stratum=ahead.stratum,
        segments=segments,
        survival=dict(survival),
    )


def _own(training: Frame, forecaster: Forecaster, seed: int) -> Figures:
    """A model's figures on rows it was fitted to; at most so many of them."""
    rows = training
    if len(training) > MAX_OWN_ROWS:
        chosen = np.random.default_rng(seed).permutation(len(training))[:MAX_OWN_ROWS]
        rows = training.take(np.sort(chosen))
    survival = forecaster(rows)
    outcome = Outcome(rows.duration, rows.event, closed=True)
    return {
        f"within_{month}m": metrics.auc_within(outcome, 1 - survival[:, month], month, rows.stratum)
        for month in MONTHS
    }


def _means(samples: Sequence[Mapping[str, Figures]]) -> dict[str, Figures]:
    return {
        name: {key: float(np.mean([each[name][key] for each in samples])) for key in figures}
        for name, figures in samples[0].items()
    }

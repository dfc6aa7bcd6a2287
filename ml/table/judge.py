"""Judge forecasts of a table on rows they have never seen, on the table's own clock."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ml.fitting.fit import MIN_EVENTS
from ml.frames.frame import TrainingRefused
from ml.judging import metrics
from ml.judging.metrics import Outcome
from ml.scoring.features import Floats
from ml.table.forecast import Forecast, fit_table
from ml.table.grid import Grid
from ml.table.split import stratified
from ml.table.table import Table

HELD_OUT: Final = 0.25
MAX_TIMES: Final = 100
STILL_FOLLOWED: Final = 0.05
"""Figures are integrated up to the last time that this share of held-out rows reach."""

Progress = Callable[[str], None]


class Rival(Protocol):
    """Anything that learns from one table and forecasts another at given times."""

    def __call__(self, training: Table, held_out: Table, times: Floats, seed: int) -> Forecast:
        """Fit to `training` alone; forecast the rows of `held_out` at `times`, rising from > 0."""
        ...


def ours(training: Table, held_out: Table, times: Floats, seed: int) -> Forecast:
    """Tenure's forecast with its defaults; who is riskier by expected time lost."""
    return fit_table(training, seed=seed, min_events=MIN_EVENTS // 2).forecast(held_out, times)


@dataclass(frozen=True, slots=True)
class Clock:
    """Times of a table as ranks, since figures need only order; `horizons` are shown by name."""

    ends: Floats
    times: Floats
    horizons: tuple[float, ...]

    @classmethod
    def of(cls, table: Table, *, at: Sequence[float] = (), until: float | None = None) -> "Clock":
        """Every moment at which anything happened, and those between which errors are integrated.

        Parameters
        ----------
        at
            Horizons for AUC and calibration; by default 3, 12 and 24 months, in another unit
            the quartiles of the times of loss.
        until
            End of the integrated Brier score; by default the last moment that a twentieth of all
            rows outlive. In either case someone must still be followed after it.
        """
        ends = np.concatenate([[0.0], np.unique(table.duration)])
        min_share = 0.0 if until else STILL_FOLLOWED
        last = max(end for end in ends.tolist() if np.mean(table.duration > end) >= min_share)
        last = min(until or last, float(ends[-2]))
        whole = Grid.of(table.duration, table.event).times
        times = np.array([time for time in whole if 0 < time <= last])
        if not len(times):
            raise TrainingRefused(f"--until: nobody was lost by {last:g}; a later time is needed")
        if len(times) > MAX_TIMES:
            ranks = np.linspace(0, len(times) - 1, MAX_TIMES).round().astype(np.int64)
            times = times[ranks]
        horizons = tuple(float(h) for h in at) or _horizons(table)
        return cls(ends, times, tuple(h for h in horizons if h <= last) or (float(times[-1]),))

    def ranks(self, times: Floats) -> NDArray[np.int64]:
        """Rank of the last moment by each time."""
        return (np.searchsorted(self.ends, times, side="right") - 1).astype(np.int64)

    def outcome(self, table: Table) -> Outcome:
        """What became of a table's rows, in ranks."""
        return Outcome(self.ranks(table.duration), table.event)


def _horizons(table: Table) -> tuple[float, ...]:
    if table.question.unit == "months" and table.duration.max() >= 24:
        return (3.0, 12.0, 24.0)
    lost = table.duration[table.event]
    return tuple(np.unique(np.quantile(lost, (0.25, 0.5, 0.75), method="lower")).tolist())


def judge(clock: Clock, training: Table, held_out: Table, forecast: Forecast) -> dict[str, float]:
    """Figures of a forecast on held-out rows.

    Parameters
    ----------
    clock
        Whose `times` the forecast speaks of, horizons appended as `times_of` does.
    training
        Rows it was fitted to; they say how censoring works.

    Returns
    -------
    `c_index`, `uno_c`, `ibs`; `auc_<h>` at each horizon; `ici_<h>` and `oe_<h>` at the middle one.
    """
    past, outcome = clock.outcome(training), clock.outcome(held_out)
    count = len(clock.times)
    scores = [
        metrics.brier(past, outcome, forecast.survival[:, j], int(rank))
        for j, rank in enumerate(clock.ranks(clock.times))
    ]
    span = clock.times[-1] - clock.times[0]
    mean = float(np.trapezoid(scores, clock.times) / span) if span else scores[0]
    figures = {
        "c_index": metrics.harrell(outcome, forecast.risk),
        "uno_c": metrics.uno(past, outcome, forecast.risk),
        "ibs": mean,
    }
    churn = 1 - forecast.survival[:, count:]
    ranks = clock.ranks(np.array(clock.horizons))
    for j, horizon in enumerate(clock.horizons):
        figures[f"auc_{horizon:g}"] = metrics.auc(past, outcome, churn[:, j], int(ranks[j]))
    middle = len(ranks) // 2
    name, rank, chance = clock.horizons[middle], int(ranks[middle]), churn[:, middle]
    figures[f"ici_{name:g}"] = metrics.ici(outcome, chance, rank)
    figures[f"oe_{name:g}"] = metrics.observed_to_expected(outcome, chance, rank)
    return figures


def times_of(clock: Clock) -> Floats:
    """Times a forecast is asked for: those of the integral, then the horizons."""
    return np.concatenate([clock.times, np.array(clock.horizons)])


def split(table: Table, seed: int) -> tuple[Table, Table]:
    """A table to train on and one held out: a quarter of the subjects, as many lost in both."""
    subjects, at = np.unique(table.subject, return_inverse=True)
    lost = np.bincount(at, weights=table.event) > 0
    training, test = stratified(lost, HELD_OUT, seed)
    if len(subjects) == len(table):  # one row each: keep the order of the split
        return table.take(training), table.take(test)
    return table.take(np.isin(at, training)), table.take(np.isin(at, test))


def compare(
    table: Table,
    rivals: dict[str, Rival],
    seeds: Sequence[int],
    *,
    at: Sequence[float] = (),
    until: float | None = None,
    progress: Progress = lambda _: None,
) -> dict[str, dict[str, list[float]]]:
    """Figures of each model over splits: fitted to three quarters, judged on the rest.

    Returns
    -------
    By model and figure, one value a split.
    """
    clock = Clock.of(table, at=at, until=until)
    figures: dict[str, dict[str, list[float]]] = {name: {} for name in rivals}
    for seed in seeds:
        training, held_out = split(table, seed)
        for name, rival in rivals.items():
            progress(f"split {seed + 1}: {name}")
            forecast = rival(training, held_out, times_of(clock), seed)
            for figure, value in judge(clock, training, held_out, forecast).items():
                figures[name].setdefault(figure, []).append(value)
    return figures

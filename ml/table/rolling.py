"""Rolling origin on a table: fit to what was known by a day, judge by what happened since."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ml.frames.frame import TrainingRefused
from ml.table.judge import Clock, Rival, judge, times_of
from ml.table.table import Table

FIRST: Final = 0.4
MIN_LOSSES: Final = 10


@dataclass(frozen=True, slots=True)
class Origin:
    """A moment in calendar time, what was known by then, and the rows that came after."""

    moment: float
    past: Table
    ahead: Table


def origins(table: Table, count: int) -> Iterator[Origin]:
    """Origins at even shares of the landmarks, the first at two fifths.

    Rows before an origin are followed until it at most; rows from it until the next are judged.

    Raises
    ------
    TrainingRefused
        If the table has no calendar time.
    """
    if np.isnan(table.moment).all():
        raise TrainingRefused("--calendar: a backtest needs the column with each row's day")
    shares = np.linspace(FIRST, 1, count + 1)[:-1]
    cuts = np.unique(np.quantile(table.moment, shares, method="higher")).tolist()
    for cut, following in zip(cuts, [*cuts[1:], np.inf], strict=True):
        before = table.take(table.moment < cut)
        ahead = table.take((table.moment >= cut) & (table.moment < following))
        followed = cut - before.moment
        is_lost = before.event & (before.duration <= followed)
        past = replace(before, duration=np.minimum(before.duration, followed), event=is_lost)
        if min(int(past.event.sum()), int(ahead.event.sum())) >= MIN_LOSSES:
            yield Origin(cut, past, ahead)


def backtest(
    table: Table,
    models: dict[str, Rival],
    count: int,
    *,
    seed: int = 0,
    at: Sequence[float] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, dict[str, list[float]]]:
    """Figures of each model at each origin.

    Censoring is weighed away by the judged rows' own, since earlier rows are followed for less.

    Returns
    -------
    By model and figure, one value an origin; figures that not every origin has are left out.

    Raises
    ------
    TrainingRefused
        If no origin has ten losses on either side.
    """
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in models}
    for origin in origins(table, count):
        clock = Clock.of(origin.ahead, at=at)
        for name, model in models.items():
            progress(f"{origin.moment:g}: {name}")
            forecast = model(origin.past, origin.ahead, times_of(clock), seed)
            figures[name].append(judge(clock, origin.ahead, origin.ahead, forecast))
    if not next(iter(figures.values())):
        raise TrainingRefused(
            f"--calendar: no origin has {MIN_LOSSES} losses before it and after it"
        )
    return {name: _by_figure(runs) for name, runs in figures.items()}


def _by_figure(runs: Sequence[dict[str, float]]) -> dict[str, list[float]]:
    common = [figure for figure in runs[0] if all(figure in run for run in runs)]
    return {figure: [run[figure] for run in runs] for figure in common}

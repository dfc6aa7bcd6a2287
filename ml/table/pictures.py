"""The plots of a table: survival by group, calibration, effects, on held-out rows."""

from pathlib import Path

import numpy as np

from ml.fitting.fit import MIN_EVENTS
from ml.judging.evaluate import ready
from ml.reporting import figures
from ml.reporting.figures import Group
from ml.scoring.effects import ratios
from ml.table.forecast import fit_table
from ml.table.judge import Clock, split
from ml.table.table import Table

MAX_GROUPS = 5


def draw(
    table: Table, clock: Clock, folder: Path, *, name: str, by: str | None = None
) -> list[Path]:
    """Fit to three quarters of the subjects (seed 0) and draw what became of the rest.

    Groups are those of the signal `by`, or fifths by predicted risk.
    """
    training, held_out = split(table, 0)
    model = fit_table(training, min_events=MIN_EVENTS // 2)
    times = np.array(model.grid.times)
    survival = model.curves(held_out)
    middle = clock.horizons[len(clock.horizons) // 2]
    churn = 1 - survival[:, model.grid.at(np.array([middle]))[0]]
    outcome = clock.outcome(held_out)
    unit = table.question.unit
    shown = "predicted risk" if by is None else by
    groups = [
        Group(label, clock.outcome(held_out.take(at)), survival[at].mean(axis=0))
        for label, at in _groups(held_out, -survival.sum(axis=1), by)
    ]
    return [
        figures.draw_survival(
            folder / f"{name}-survival.png",
            f"{table.name}, held out: staying, by {shown}",
            unit,
            groups,
            clock.ends,
            times,
        ),
        figures.draw_calibration(
            folder / f"{name}-calibration.png",
            f"{table.name}, held out: lost within {middle:g} {unit}",
            outcome,
            churn,
            int(clock.ranks(np.array([middle]))[0]),
        ),
        figures.draw_effects(
            folder / f"{name}-effects.png",
            f"{table.name}: what goes with being lost (not what causes it)",
            ratios(ready(model.model)),
        ),
    ]


def _groups(table: Table, risk: np.ndarray, by: str | None) -> list[tuple[str, np.ndarray]]:
    if by is None:
        fifths = np.array_split(np.argsort(risk), MAX_GROUPS)
        names = ("lowest fifth", "second", "third", "fourth", "highest fifth")
        return [(name, at) for name, at in zip(names, fifths, strict=True) if len(at)]
    values = np.array([str(value) for value in table.columns[by].tolist()])
    kinds, counts = np.unique(values, return_counts=True)
    common = kinds[np.argsort(-counts)][:MAX_GROUPS]
    return [(str(kind), np.flatnonzero(values == kind)) for kind in common]

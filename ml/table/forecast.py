"""The forecast fitted to a table, and what it says of the rows of another."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ml.fitting.fit import MIN_EVENTS, fit
from ml.judging.evaluate import hazards_by_month, ready
from ml.scoring.document import ForecastModel
from ml.scoring.features import Floats
from ml.scoring.score import incidences
from ml.table.grid import Grid
from ml.table.table import Table


@dataclass(frozen=True, slots=True)
class Forecast:
    """Chance of staying through each time asked, shape (rows, times), and who is riskier."""

    survival: Floats
    risk: Floats


@dataclass(frozen=True, slots=True)
class TableFit:
    """A model and the steps of time it counts in."""

    model: ForecastModel
    grid: Grid

    def curves(self, table: Table) -> Floats:
        """Chance of staying through each step of the grid, shape (rows, steps).

        Steps that fewer than five rows reached keep the last known value.
        """
        return np.exp(-self._hazards(table).sum(axis=0))

    def incidence(self, table: Table) -> Floats:
        """Chance of having been lost for each cause by each step, shape (causes, rows, steps)."""
        return incidences(self._hazards(table))

    def _hazards(self, table: Table) -> Floats:
        hazards = hazards_by_month(ready(self.model), table.frame(self.grid))
        missing = max(len(self.grid.times) - hazards.shape[2], 0)
        return np.concatenate([hazards, np.repeat(hazards[:, :, -1:], missing, axis=2)], axis=2)

    def forecast(self, table: Table, times: Floats) -> Forecast:
        """Survival at times from each row's landmark; risk is the expected time lost."""
        curves = self.curves(table)
        lost = -curves[:, 1:] @ np.diff(self.grid.times)
        return Forecast(curves[:, self.grid.at(times)], lost)


def fit_table(
    table: Table,
    *,
    seed: int = 0,
    min_events: int = MIN_EVENTS,
    progress: Callable[[str], None] = lambda _: None,
) -> TableFit:
    """Fit the forecast to a table.

    Raises
    ------
    TrainingRefused
        As `ml.fitting.fit.fit` does: one class, too few events, no signal that differs.
    """
    grid = Grid.of(table.duration, table.event)
    model = fit(table.frame(grid), seed=seed, min_events=min_events, progress=progress)
    return TableFit(model, grid)

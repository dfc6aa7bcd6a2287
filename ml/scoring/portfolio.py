"""Chances of churn for very many accounts at once: arrays in, arrays out, in bounded memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ml.scoring import rowwise
from ml.scoring.hazards import Cause, ChurnModel
from ml.scoring.renewal_clock import MONTH_DAYS, SLACK_DAYS

Floats: TypeAlias = NDArray[np.float64]
Places: TypeAlias = NDArray[np.int64]

ROWS_AT_ONCE: Final = 16_384
"""Few enough that a block's arrays stay in the processor's cache, enough that numpy's overhead
does not count."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where accounts stand on the landmark clock, every array of shape (rows,).

    `stratum` is the place of each account's baseline in `names_of(model)`; `renewal_day` the days
    to the open contract's end, 0 when overdue and NaN without one; `renewal_month` the month it
    falls in (`ml.scoring.renewal_clock.month_of`), 0 without one.
    """

    stratum: Places
    renewal_day: Floats
    renewal_month: Places

    def block(self, rows: slice) -> "Standing":
        """Some of the rows."""
        return Standing(self.stratum[rows], self.renewal_day[rows], self.renewal_month[rows])


def names_of(model: ChurnModel) -> list[str]:
    """The baselines' names in the order of their places."""
    return list(model.reaches)


def standing(model: ChurnModel, stratum: Sequence[str], renewal_day: Floats) -> Standing:
    """Accounts' places, from the stratum that `ml.scoring.renewal_clock.strata_of` gives each.

    Parameters
    ----------
    model
        As `ml.scoring.hazards.load` returns it; strata it does not know are read from its fallback.
    stratum
        Name of each account's stratum, length (rows,).
    renewal_day
        Days to the open contract's end, shape (rows,); NaN without one.
    """
    places = {name: place for place, name in enumerate(names_of(model))}
    place_of = {name: places[model.stratum(name)] for name in dict.fromkeys(stratum)}
    day = np.maximum(renewal_day, 0.0)
    month = np.maximum(1.0, np.ceil((day - SLACK_DAYS) / MONTH_DAYS))
    return Standing(
        np.array([place_of[name] for name in stratum], dtype=np.int64),
        day,
        np.where(np.isnan(month), 0.0, month).astype(np.int64),
    )


def churn_within(
    model: ChurnModel, matrix: Floats, place: Standing, days: Sequence[float]
) -> Floats:
    """Chance of churn within each of some horizons; what `score.score` says, without the rest.

    Parameters
    ----------
    model
        A model on the landmark clock.
    matrix
        Design of the accounts as `ml.scoring.features.design` makes it, shape (rows, terms).
    place
        Where they stand, as `standing` returns it.
    days
        Horizons in days, 0 or more, length k.

    Returns
    -------
    Probabilities, shape (rows, k); NaN beyond what the data of an account's stratum can speak for.

    Raises
    ------
    ValueError
        If the model runs on the `start` clock, where each account has an age of its own.
    """
    if model.document.clock != "landmark":
        raise ValueError("only models on the landmark clock speak for many accounts at once")
    chances = np.empty((len(matrix), len(days)))
    baselines = [Baseline.of(cause, days) for cause in model.causes]
    for rows in _blocks(len(matrix)):
        block = place.block(rows)
        hazard = chances[rows]
        hazard[...] = 0.0
        for cause, baseline in zip(model.causes, baselines, strict=True):
            ratio = np.exp(rowwise.product(matrix[rows], cause.coefficients))
            hazard += baseline.at(block) * ratio[:, None]
        np.negative(np.expm1(np.negative(hazard, out=hazard), out=hazard), out=hazard)
    return chances


def _blocks(rows: int) -> Iterator[slice]:
    for start in range(0, rows, ROWS_AT_ONCE):
        yield slice(start, min(start + ROWS_AT_ONCE, rows))


@dataclass(frozen=True, slots=True)
class Baseline:
    """One cause's baselines as tables: `by_month` (strata, months) and `by_horizon` (strata, k)."""

    days: tuple[float, ...]
    by_month: Floats
    by_horizon: Floats

    @classmethod
    def of(cls, cause: Cause, days: Sequence[float]) -> "Baseline":
        """Read off each stratum's baseline at the horizons; NaN beyond its reach."""
        longest = max(map(len, cause.hazards.values()))
        by_month = np.full((len(cause.hazards), longest), np.nan)
        by_horizon = np.full((len(cause.hazards), len(days)), np.nan)
        ahead = np.array(days) / MONTH_DAYS
        for place, hazard in enumerate(cause.hazards.values()):
            by_month[place, : len(hazard)] = hazard
            spoken = ahead <= len(hazard) - 1 + SLACK_DAYS / MONTH_DAYS
            by_horizon[place, spoken] = np.interp(ahead[spoken], np.arange(len(hazard)), hazard)
        return cls(tuple(days), by_month, by_horizon)

    def at(self, place: Standing) -> Floats:
        """Cumulative hazard at each horizon, shape (rows, k).

        The renewal's month counts from the renewal's own day, when the decision takes effect.
        """
        hazard = self.by_horizon[place.stratum]
        for j, day in enumerate(self.days):
            ahead = day / MONTH_DAYS
            open_still = np.flatnonzero(
                (place.renewal_day > day) & (place.renewal_month - 1 < ahead)
            )
            self._read(hazard, j, place, open_still, place.renewal_month[open_still] - 1)
            passed = np.flatnonzero((place.renewal_day <= day) & (place.renewal_month > ahead))
            self._read(hazard, j, place, passed, place.renewal_month[passed])
        return hazard

    def _read(self, hazard: Floats, j: int, place: Standing, rows: Places, month: Places) -> None:
        last = self.by_month.shape[1] - 1
        at = self.by_month[place.stratum[rows], np.minimum(month, last)]
        hazard[rows, j] = np.where(np.isnan(hazard[rows, j]), np.nan, at)

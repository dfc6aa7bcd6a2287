"""Whether a forecast's served parts give back the drivers that were planted: sign and order."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from ml.scoring.features import Floats
from ml.scoring.score import Forecast
from shared.vocabulary.landmark import VOLUNTARY

SIGNALS: Final = {
    "health": r"event|active|features_used|depth",
    "education": r"course|learn|certif|enrol|complet|member_level",
    "friction": r"ticket",
    "size": r"^(seats|members|intended_users|quantity|mrr_cents|trait_employees)$",
    "first renewal": r"^(account_age_days|spell_age_days|renewals|returned)$",
    "discount ends": r"discount",
}
"""Planted driver to the names of the signals that were meant to show it; the first that fits."""

CLEARLY: Final = 1.5
"""How many times larger a planted driver must be than another to be told apart by its size."""


@dataclass(frozen=True, slots=True)
class PlantedAccounts:
    """Accounts with what was planted into them and what the forecast makes of it.

    `planted` holds the drivers' values and `parts` the logs of the cumulative hazard that the
    forecast serves for the signals of each, both of shape (rows, drivers) in the order of `names`;
    `whole` the log hazard ratio of leaving voluntarily, which alone they drive, shape (rows,).
    """

    names: tuple[str, ...]
    planted: Floats
    parts: Floats
    whole: Floats

    @classmethod
    def of(
        cls, names: Sequence[str], planted: Floats, forecasts: Sequence[Forecast]
    ) -> "PlantedAccounts":
        """What is served of accounts, in the order of their planted values."""
        whole = np.array([_voluntary(forecast) for forecast in forecasts])
        return cls(tuple(names), planted, parts(forecasts, names), whole)

    @classmethod
    def joined(cls, those: Sequence["PlantedAccounts"]) -> "PlantedAccounts":
        """Accounts of several windows as one."""
        return cls(
            those[0].names,
            np.concatenate([part.planted for part in those]),
            np.concatenate([part.parts for part in those]),
            np.concatenate([part.whole for part in those]),
        )


@dataclass(frozen=True, slots=True)
class Driver:
    """A planted driver and how it came back, all by standard deviation of the driver.

    `planted` is its effect on the log-odds; `effect` what it does to the forecast's log hazard
    while the other drivers stay (least squares on all of them); `part` what the signals meant for
    it do, `correlation` how closely their part follows the driver.
    """

    name: str
    planted: float
    effect: float
    part: float
    correlation: float


def parts(forecasts: Sequence[Forecast], names: Sequence[str] = tuple(SIGNALS)) -> Floats:
    """Served contributions by planted driver, shape (forecasts, drivers).

    A contribution to the chance of staying is put on the scale of the log cumulative hazard, on
    which parts add up and do not depend on how near the renewal is.
    """
    table = np.zeros((len(forecasts), len(names)))
    places = {name: place for place, name in enumerate(names)}
    meant: dict[str, str | None] = {}
    for row, forecast in enumerate(forecasts):
        scale = _log_hazard_by_survival(forecast)
        for driver in forecast.drivers:
            if driver.feature not in meant:
                meant[driver.feature] = driver_of(driver.feature)
            place = places.get(meant[driver.feature] or "")
            if place is not None:
                table[row, place] += scale * driver.contribution
    return table


def driver_of(signal: str) -> str | None:
    """The planted driver that a signal was meant to show; None of those that show none."""
    return next((name for name, words in SIGNALS.items() if re.search(words, signal)), None)


def _voluntary(forecast: Forecast) -> float:
    """The log hazard ratio of that cause; of the one of most losses where it has no own."""
    own = (cause.log_hazard_ratio for cause in forecast.causes if cause.cause == VOLUNTARY)
    return next(own, forecast.log_hazard_ratio)


def _log_hazard_by_survival(forecast: Forecast) -> float:
    """Change of log(−log S) by change of S on the way from the reference to the account."""
    change = forecast.driven - forecast.reference
    if abs(change) > 1e-9:
        return _log_hazard(forecast.driven, forecast.reference) / change
    at = _inside(forecast.reference)
    return 1 / (at * math.log(at))


def _log_hazard(survival: float, reference: float) -> float:
    """Log of how many times the cumulative hazard behind one survival is that behind another."""
    return math.log(math.log(_inside(survival)) / math.log(_inside(reference)))


def _inside(survival: float) -> float:
    return min(max(survival, 1e-12), 1 - 1e-12)


def recovered(accounts: PlantedAccounts, effects: Mapping[str, float]) -> list[Driver]:
    """Each planted driver beside what came back of it, the largest planted first.

    Parameters
    ----------
    accounts
        More accounts than drivers; a driver that is the same for all has no effect.
    effects
        Planted log-odds by unit, by name of the driver.
    """
    sd = accounts.planted.std(axis=0)
    standard = (accounts.planted - accounts.planted.mean(axis=0)) / np.where(sd > 0, sd, 1.0)
    # a driver that is the same for all makes a row of zeros: one there keeps the matrix regular
    together: Floats = standard.T @ standard + np.diag((sd <= 0).astype(np.float64))
    against: Floats = standard.T @ (accounts.whole - accounts.whole.mean())
    adjusted = np.asarray(np.linalg.solve(together, against), dtype=np.float64)
    part = (standard * (accounts.parts - accounts.parts.mean(axis=0))).mean(axis=0)
    spread = np.maximum(accounts.parts.std(axis=0), 1e-12)
    drivers = [
        Driver(
            name,
            planted=effects[name] * float(sd[place]),
            effect=float(adjusted[place]),
            part=float(part[place]),
            correlation=float(part[place] / spread[place]),
        )
        for place, name in enumerate(accounts.names)
    ]
    return sorted(drivers, key=lambda driver: -abs(driver.planted))


def signs(planted: Sequence[float], estimates: Sequence[float]) -> float:
    """Share of drivers that came back with the sign they were planted with."""
    return float(
        np.mean([effect * other > 0 for effect, other in zip(planted, estimates, strict=True)])
    )


def order(planted: Sequence[float], estimates: Sequence[float]) -> float:
    """Share of pairs planted clearly apart in size of which the larger came back larger."""
    sizes = list(zip(map(abs, planted), map(abs, estimates), strict=True))
    pairs = [
        (mine - yours) * (large - small) > 0
        for (large, mine), (small, yours) in combinations(sizes, 2)
        if max(large, small) >= CLEARLY * min(large, small)
    ]
    return float(np.mean(pairs)) if pairs else 1.0

"""Scoring with an exported model: numpy alone, no pandas, no lifelines, no pickle."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ml.scoring import rowwise
from ml.scoring.drivers import Driver, survival_parts
from ml.scoring.features import Columns, columns_of, design
from ml.scoring.hazards import Cause, ChurnModel, Clock, Days, Floats, clock_of
from ml.scoring.hazards import load as load  # whoever scores finds all of it here
from shared.vocabulary.landmark import FeatureRow

LEVEL: Final = 0.90
LEVEL_Z: Final = 1.6448536269514722
"""Standard normal quantile of .95: two-sided 90 %."""

MAX_HAZARD: Final = 3.0
"""Cumulative hazards above this (a chance of .95) are read as this where middles are found."""

NEWCOMER_DAYS: Final = 90
"""Accounts younger than this are spoken for by the newcomers' model, where there is one."""

Basis: TypeAlias = Literal["model", "newcomers", "strata"]
"""What spoke: the model, that of the first 90 days, or the curve of the account's stratum."""

Bounds: TypeAlias = tuple[Floats, Floats, Floats]
"""Value, lower and upper end of the interval."""


@dataclass(frozen=True, slots=True)
class Probability:
    """A chance in [0, 1] with its 90 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Chance of still being there so many days ahead."""

    days: float
    survival: Probability


@dataclass(frozen=True, slots=True)
class CauseForecast:
    """Chance of being lost for one cause by the days of the curve, and by the renewal.

    With the other causes' values and the survival, a value adds up to one. `log_hazard_ratio` is
    against the reference account.
    """

    cause: str
    value: list[float]
    low: list[float]
    high: list[float]
    renewal: Probability | None
    log_hazard_ratio: float

    def churn_probability(self, curve: Sequence[CurvePoint], within_days: float) -> Probability:
        """Chance of being lost for this cause within so many days; past the curve its end counts.

        Between two days a cause's share of all losses is constant, as scoring has it.
        """
        place = int(np.searchsorted([point.days for point in curve], within_days, side="right"))
        if place == len(curve):
            return Probability(self.value[-1], self.low[-1], self.high[-1])
        before, after = curve[place - 1], curve[place]
        days = (within_days - before.days) / (after.days - before.days)
        here, there = before.survival.value, after.survival.value
        share = days
        if here > there > 0:
            share = -np.expm1(days * np.log(there / here)) / (1 - there / here)
        value, low, high = (
            float(bound[place - 1] + share * (bound[place] - bound[place - 1]))
            for bound in (self.value, self.low, self.high)
        )
        return Probability(value, low, high)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the model says of one account.

    `renewal` is None where the renewal date is unknown or lies beyond what the data can speak for;
    `drivers` then explain the chance of staying for `driver_days`, the longest the data allow.
    `reference` is that chance for the reference account; with all contributions it adds up to
    `driven`, the account's own. `unlike_training` names signals unlike anything seen in training;
    `horizon_days` is how far ahead the model speaks for this account. `log_hazard_ratio` and
    `standard_error` are those of the cause of most losses, by `driver_days`.
    """

    basis: Basis
    stratum: str
    log_hazard_ratio: float
    standard_error: float
    renewal: Probability | None
    curve: tuple[CurvePoint, ...]
    causes: tuple[CauseForecast, ...]
    drivers: tuple[Driver, ...]
    reference: float
    driven: float
    driver_days: float
    horizon_days: int
    unlike_training: tuple[str, ...]

    def churn_probability(self, within_days: float) -> Probability | None:
        """Chance of churn within so many days; None beyond `horizon_days`."""
        return churn_within(self.curve, within_days)


def churn_within(curve: Sequence[CurvePoint], days: float) -> Probability | None:
    """Chance of churn within so many days, read from a curve; None beyond its end.

    Log survival is linear between the curve's points, so a stored curve gives what the model gives.
    """
    if not 0 <= days <= curve[-1].days:
        return None
    at = [point.days for point in curve]
    columns = zip(
        *((p.survival.value, p.survival.high, p.survival.low) for p in curve), strict=True
    )
    logs: list[float] = [np.interp(days, at, np.log(np.maximum(each, 1e-300))) for each in columns]
    value, low, high = (float(-np.expm1(log)) for log in logs)
    return Probability(value, low, high)


def score(
    model: ChurnModel, rows: Sequence[FeatureRow], *, elapsed_days: Days, days_to_renewal: Days
) -> list[Forecast]:
    """Forecasts for accounts at their landmark, in order.

    Parameters
    ----------
    rows
        Signals by name, as the services give them at the landmark; absent or None is unknown.
    elapsed_days
        Days since the account's present spell began: the time already survived on the `start`
        clock, and who counts as a newcomer; None where it is unknown.
    days_to_renewal
        Days to the end of the open contract, taken as 0 when overdue; None without one.

    Returns
    -------
    One forecast a row. The 90 % intervals carry the uncertainty of coefficients and baselines: they
    speak of the mean of accounts that look alike to the model. How much these differ among one
    another, the model's form, and a future unlike the past are left out.

    Raises
    ------
    InvalidInput
        If a number of days lies beyond the calendar.
    """
    forecasts: dict[int, Forecast] = {}
    speaks = [speaker(model, elapsed) for elapsed in elapsed_days]
    for speaking in (model, model.newcomers):
        places = [i for i, other in enumerate(speaks) if other is speaking]
        if speaking is not None and places:
            batch = _Batch.of(
                speaking,
                [rows[i] for i in places],
                [elapsed_days[i] for i in places],
                [days_to_renewal[i] for i in places],
                basis=model.document.basis if speaking is model else "newcomers",
            )
            forecasts |= zip(places, batch.forecasts(), strict=True)
    return [forecasts[i] for i in range(len(rows))]


def speaker(model: ChurnModel, elapsed_days: float | None) -> ChurnModel:
    """The model itself, or its part for newcomers where it has one and the account is new."""
    if model.newcomers is None or elapsed_days is None or elapsed_days >= NEWCOMER_DAYS:
        return model
    return model.newcomers


def survival(hazard: Floats, log_hazard: Floats) -> Floats:
    """Chance of still being there: exp(−H·exp(η)); H has shape (rows, k), η shape (rows,)."""
    return np.exp(-hazard * np.exp(log_hazard)[:, None])


def incidences(hazards: Floats) -> Floats:
    """Chance of being lost for each cause by each time, from the causes' cumulative hazards.

    Between two times the causes' hazards keep their proportion; what survival loses there is
    shared among them in it. So all causes and survival add up to one.

    Parameters
    ----------
    hazards
        Shape (causes, rows, k), 0 or more and rising along k, counted from now.

    Returns
    -------
    Shape (causes, rows, k); NaN where the hazard is.
    """
    steps = np.diff(hazards, axis=2, prepend=0.0)
    whole = steps.sum(axis=0)
    stays = np.exp(-hazards.sum(axis=0))
    before = np.concatenate([np.ones((len(stays), 1)), stays[:, :-1]], axis=1)
    lost = before - stays  # never −0.0, which JSON in Postgres does not keep
    share = np.divide(steps, whole, out=np.zeros_like(steps), where=whole > 0)
    return np.where(np.isnan(whole), np.nan, share * lost).cumsum(axis=2)


class _Batch:
    """Arrays of one call of `score`, cut into a forecast per row."""

    def __init__(
        self,
        model: ChurnModel,
        columns: Columns,
        clock: Clock,
        basis: Basis,
    ) -> None:
        self.model, self.columns, self.clock = model, columns, clock
        self.basis: Basis = basis
        self.matrix, self.odd = design(columns, model.document.features, model.document.terms)
        self.log_hazards = [cause.log_hazard(self.matrix) for cause in model.causes]
        self.days = clock.knots()
        self.bounds = _Bounds.of(model.causes, self.matrix, clock, self.days)
        at = self.days == clock.renewal_day[:, None]
        self.renewal_place = np.where(at.any(axis=1), at.argmax(axis=1), -1)
        self._explain()

    @classmethod
    def of(
        cls,
        model: ChurnModel,
        rows: Sequence[FeatureRow],
        elapsed_days: Days,
        days_to_renewal: Days,
        *,
        basis: Basis,
    ) -> "_Batch":
        columns = columns_of(rows, {*model.features, "contract_term_months"})
        clock = clock_of(model, columns, elapsed_days, days_to_renewal)
        return cls(model, columns, clock, basis)

    def _explain(self) -> None:
        last = np.nanmax(self.days, axis=1)
        self.driver_days = np.where(self.renewal_place >= 0, self.clock.renewal_day, last)
        at = self.driver_days[:, None]
        nothing = np.zeros(len(self.matrix))
        hazards = [self.clock.hazard(cause, at, nothing)[:, 0] for cause in self.model.causes]
        stretches = [
            self.clock.stretch(cause, at, eta)
            for cause, eta in zip(self.model.causes, self.log_hazards, strict=True)
        ]
        parts = [
            part * stretch[:, None]
            for part, stretch in zip(self.model.log_parts(self.matrix), stretches, strict=True)
        ]
        self.log_ratios = [
            eta * stretch for eta, stretch in zip(self.log_hazards, stretches, strict=True)
        ]
        first = self.clock.slope(self.model.causes[0], at, self.log_hazards[0])[:, 0]
        self.standard_error = self.bounds.standard_error * first
        self.reference, self.contributions = survival_parts(parts, hazards)
        whole = sum(
            self.clock.hazard(cause, at, eta)[:, 0]
            for cause, eta in zip(self.model.causes, self.log_hazards, strict=True)
        )
        self.driven = np.exp(-whole)

    def forecasts(self) -> list[Forecast]:
        return [self._forecast(i) for i in range(len(self.driven))]

    def _forecast(self, i: int) -> Forecast:
        days, places = np.unique(self.days[i][~np.isnan(self.days[i])], return_index=True)
        stays = zip(*(bound[i][places].tolist() for bound in self.bounds.survival), strict=True)
        curve = tuple(
            CurvePoint(day, Probability(*chances))
            for day, chances in zip(days.tolist(), stays, strict=True)
        )
        place = int(self.renewal_place[i])
        return Forecast(
            basis=self.basis,
            stratum=str(self.clock.stratum[i]),
            log_hazard_ratio=float(self.log_ratios[0][i]),
            standard_error=float(self.standard_error[i]),
            renewal=_probability(self.bounds.survival, i, place) if place >= 0 else None,
            curve=curve,
            causes=tuple(self._cause(k, i, places) for k in range(len(self.model.causes))),
            drivers=self._drivers(i),
            reference=float(self.reference[i]),
            driven=float(self.driven[i]),
            driver_days=float(self.driver_days[i]),
            horizon_days=int(curve[-1].days),
            unlike_training=tuple(name for name, rows in self.odd.items() if rows[i]),
        )

    def _cause(self, k: int, i: int, places: NDArray[np.int64]) -> CauseForecast:
        bounds = self.bounds.incidence[k]
        value, low, high = (bound[i][places].tolist() for bound in bounds)
        place = int(self.renewal_place[i])
        renewal = _probability(bounds, i, place) if place >= 0 else None
        ratio = float(self.log_ratios[k][i])
        return CauseForecast(self.model.causes[k].name, value, low, high, renewal, ratio)

    def _drivers(self, i: int) -> tuple[Driver, ...]:
        """Largest part first."""
        order = np.argsort(-np.abs(self.contributions[i]), kind="stable").tolist()
        return tuple(self._driver(i, j) for j in order)

    def _driver(self, i: int, j: int) -> Driver:
        feature = self.model.document.features[j]
        value = self.columns[feature.name][i]
        return Driver(
            feature.name, feature.label, value, float(self.contributions[i, j]), feature.source
        )


@dataclass(frozen=True, slots=True)
class _Bounds:
    """Chances at each row's days with their intervals, every array of shape (rows, k).

    `survival` of all causes together, `incidence` of each; `standard_error`, shape (rows,), of the
    first cause's log hazard ratio.
    """

    survival: Bounds
    incidence: list[Bounds]
    standard_error: Floats

    @classmethod
    def of(cls, causes: Sequence[Cause], matrix: Floats, clock: Clock, days: Floats) -> "_Bounds":
        hazards = np.stack(
            [clock.hazard(cause, days, cause.log_hazard(matrix)) for cause in causes]
        )
        variances = np.stack([cause.variances(matrix, clock, days) for cause in causes])
        unseen = np.array([cause.document.unseen for cause in causes])
        whole = hazards.sum(axis=0)
        squares = np.divide(hazards, whole, out=np.zeros_like(hazards), where=whole > 0) ** 2
        low, high = _ends(
            whole, (squares * variances).sum(axis=0), np.einsum("k...,k->...", squares, unseen)
        )
        stays: Bounds = (np.exp(-whole), np.exp(-high), np.exp(-low))
        own = causes[0].variance
        error = np.sqrt(
            np.maximum(np.einsum("ij,ij->i", rowwise.product(matrix, own), matrix), 0.0)
        )
        return cls(stays, _incidence(hazards, variances, unseen), error)


def _ends(hazard: Floats, variance: Floats, unseen: Floats | float) -> tuple[Floats, Floats]:
    """Ends of the interval of cumulative hazards H, shape (rows, days), never falling with days.

    `variance` is that of what was fitted, `unseen` that of single accounts around it. The chance
    served is the mean over accounts that look alike; half of them lie on either side of another
    one, H·exp(−½u(1 − H)) to second order in u = `unseen` (within 2 % of H where u ≤ .4, H ≤ 2).
    """
    middle = -0.5 * unseen * (1.0 - np.minimum(hazard, MAX_HAZARD))
    width = LEVEL_Z * np.sqrt(variance + unseen)
    low, high = np.minimum(middle - width, 0.0), np.maximum(middle + width, 0.0)
    return (
        np.maximum.accumulate(hazard * np.exp(low), axis=-1),
        np.maximum.accumulate(hazard * np.exp(high), axis=-1),
    )


def _incidence(hazards: Floats, variances: Floats, unseen: Floats) -> list[Bounds]:
    """Chance by cause with the interval that its own hazard's uncertainty makes."""
    value = incidences(hazards)
    bounds: list[Bounds] = []
    for k in range(len(hazards)):
        ends: list[Floats] = []
        for end in _ends(hazards[k], variances[k], float(unseen[k])):
            at_end = hazards.copy()
            at_end[k] = end
            ends.append(incidences(at_end)[k])
        bounds.append((value[k], ends[0], ends[1]))
    return bounds


def _probability(bounds: Bounds, i: int, j: int) -> Probability:
    value, low, high = (float(bound[i, j]) for bound in bounds)
    return Probability(value, low, high)

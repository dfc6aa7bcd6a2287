"""Scoring with an exported model: numpy alone, no pandas, no lifelines, no pickle."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ml import by_row, explain
from ml.document import ForecastModel, ModelUnreadable, decode
from ml.explain import Driver
from ml.features import Columns, columns_of, design
from ml.renewal_clock import (
    EVERYONE,
    MONTH_DAYS,
    NO_RENEWAL,
    SLACK_DAYS,
    month_of,
    strata_of,
)
from shared.landmark import FeatureRow

Floats: TypeAlias = NDArray[np.float64]
Days: TypeAlias = Sequence[float | None]

LEVEL: Final = 0.90
LEVEL_Z: Final = 1.6448536269514722
"""Standard normal quantile of .95: two-sided 90 %."""


@dataclass(frozen=True, slots=True)
class Probability:
    """A chance in [0, 1] with its 90 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ChurnModel:
    """A forecast model ready to score: the document and its arrays."""

    document: ForecastModel
    coefficients: Floats
    variance: Floats
    shares: Floats

    @cached_property
    def features(self) -> tuple[str, ...]:
        """Names of the signals it needs to be told."""
        return tuple(feature.name for feature in self.document.features)

    @cached_property
    def hazards(self) -> dict[str, Floats]:
        """Baseline cumulative hazard at the end of months 0, 1, … by stratum, its tail included."""
        tail = self.document.tail_months
        return {
            name: _with_tail(np.array(s.cumulative_hazard), tail)
            for name, s in self.document.strata.items()
        }

    def stratum(self, name: str) -> str:
        """The baseline an account of this stratum is read from; `none` where there is no own."""
        if self.document.clock == "start":
            return EVERYONE
        if name in self.document.strata:
            return name
        return NO_RENEWAL if NO_RENEWAL in self.document.strata else next(iter(self.hazards))


def _with_tail(hazard: Floats, months: int) -> Floats:
    """Carry the mean hazard of the last year known on for so many months."""
    if not months:
        return hazard
    span = min(12, len(hazard) - 1)
    rate = (hazard[-1] - hazard[-1 - span]) / span if span else 0.0
    return np.concatenate([hazard, hazard[-1] + rate * np.arange(1, months + 1)])


def load(document: bytes, checksum: str) -> ChurnModel:
    """Read an exported model.

    Raises
    ------
    ModelTampered
        If the bytes do not match the checksum (cut short, changed).
    ModelUnreadable
        If they are no model of a known format, or its parts do not fit together.
    """
    model = decode(document, checksum)
    terms = len(model.terms)
    variance = np.array(model.variance, dtype=np.float64).reshape(-1, terms)
    if len(model.coefficients) != terms or len(variance) != terms or not model.strata:
        raise ModelUnreadable(
            "the forecast model's coefficients, variance and terms do not fit together"
        )
    return ChurnModel(model, np.array(model.coefficients), variance, explain.feature_matrix(model))


@dataclass(frozen=True)
class Clock:
    """Where accounts stand in time, as the baseline needs it; every array has shape (rows,).

    `stratum` is the baseline's name, `elapsed` the months since the spell's start (0 with the
    landmark clock), `renewal_day` the days to the renewal and `renewal_month` the month it falls
    in, both NaN without one.
    """

    model: ChurnModel
    stratum: NDArray[np.str_]
    elapsed: Floats
    renewal_day: Floats
    renewal_month: Floats

    @cached_property
    def reach(self) -> Floats:
        """Months from now that the data can speak for, shape (rows,)."""
        longest = {name: len(hazard) - 1 for name, hazard in self.model.hazards.items()}
        return np.array([longest[name] for name in self.stratum.tolist()]) - self.elapsed

    def hazard(self, days: Floats) -> Floats:
        """Baseline cumulative hazard from now to so many days ahead.

        Between whole months log survival is linear; with the landmark clock the month of an
        account's own renewal is a step at that day, when the decision takes effect.

        Parameters
        ----------
        days
            Days ahead, shape (rows, k), 0 or more; NaN gives NaN.

        Returns
        -------
        Shape (rows, k); NaN beyond the reach of the data.
        """
        ahead = self._months(days)
        result = np.full_like(days, np.nan)
        for name, baseline in self.model.hazards.items():
            at = self.stratum == name
            months = np.arange(len(baseline))
            elapsed = self.elapsed[at][:, None]
            reached = np.interp(elapsed + ahead[at], months, baseline)
            result[at] = reached - np.interp(elapsed, months, baseline)
        slack = SLACK_DAYS / MONTH_DAYS
        return np.where(ahead <= self.reach[:, None] + slack, result, np.nan)

    def _months(self, days: Floats) -> Floats:
        ahead = days / MONTH_DAYS
        month, day = self.renewal_month[:, None], self.renewal_day[:, None]
        if self.model.document.clock == "start":
            return ahead
        undecided = (days < day) & (ahead > month - 1)
        return np.where(
            undecided, month - 1, np.where(days >= day, np.maximum(ahead, month), ahead)
        )

    def knots(self) -> Floats:
        """Days between which log survival is linear, rising, shape (rows, k); NaN past reach."""
        longest = int(max(self.reach))
        turn = np.ceil(self.elapsed) - self.elapsed
        months = (turn[:, None] + np.arange(longest + 1)) * MONTH_DAYS
        last = np.floor(self.reach * MONTH_DAYS)[:, None]
        day = self.renewal_day[:, None]
        days = np.concatenate([np.zeros_like(last), months, day - 1, day, last], axis=1)
        beyond = (days < 0) | (days > last + SLACK_DAYS)
        return np.sort(np.where(beyond, np.nan, days), axis=1)


def clock_of(
    model: ChurnModel, columns: Columns, elapsed_days: Days, days_to_renewal: Days
) -> Clock:
    """Place accounts on the model's clock; those older than its data stand at the data's end."""
    names = np.array([EVERYONE], dtype=np.str_).repeat(len(days_to_renewal))
    elapsed = np.zeros(len(names))
    day = np.array([np.nan if d is None else max(float(d), 0.0) for d in days_to_renewal])
    month = np.array([month_of(d) if d == d else np.nan for d in day])
    if model.document.clock == "start":
        oldest = float(model.document.strata[EVERYONE].reach_months)
        elapsed = np.clip([(d or 0.0) / MONTH_DAYS for d in elapsed_days], 0.0, oldest)
    else:
        terms = columns["contract_term_months"].tolist()
        names = np.array([model.stratum(name) for name in strata_of(terms, day.tolist()).tolist()])
    return Clock(model, names, elapsed, day, month)


def log_hazards(model: ChurnModel, matrix: Floats) -> tuple[Floats, Floats]:
    """Log partial hazard of each account against the reference account, and its standard error."""
    spread = np.einsum("ij,ij->i", by_row.product(matrix, model.variance), matrix)
    return by_row.product(matrix, model.coefficients), np.sqrt(np.maximum(spread, 0.0))


def survival(hazard: Floats, log_hazard: Floats) -> Floats:
    """Chance of still being there: exp(−H·exp(η)); H has shape (rows, k), η shape (rows,)."""
    return np.exp(-hazard * np.exp(log_hazard)[:, None])


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Chance of still being there so many days ahead."""

    days: float
    survival: Probability


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the model says of one account.

    `renewal` is None where the renewal date is unknown or lies beyond what the data can speak for;
    `drivers` then explain the chance of staying for `driver_days`, the longest the data allow.
    `reference` is that chance for the reference account; with all contributions it adds up to
    `driven`, the account's own. `unlike_training` names signals unlike anything seen in training;
    `horizon_days` is how far ahead the model speaks for this account.
    """

    stratum: str
    log_hazard_ratio: float
    standard_error: float
    renewal: Probability | None
    curve: tuple[CurvePoint, ...]
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
    value, low, high = (
        float(-np.expm1(np.interp(days, at, np.log(np.maximum(column, 1e-300)))))
        for column in zip(
            *((p.survival.value, p.survival.high, p.survival.low) for p in curve), strict=True
        )
    )
    return Probability(value, low, high)


def score(
    model: ChurnModel, rows: Sequence[FeatureRow], *, elapsed_days: Days, days_to_renewal: Days
) -> list[Forecast]:
    """Forecasts for accounts at their landmark, in order.

    Parameters
    ----------
    model
        As `load` returns it.
    rows
        Signals by name, as the services give them at the landmark; absent or None is unknown.
    elapsed_days
        Days since the account's present spell began; only the `start` clock uses it.
    days_to_renewal
        Days to the end of the open contract, taken as 0 when overdue; None without one.

    Returns
    -------
    One forecast a row. The 90 % intervals carry the uncertainty of the coefficients through the
    delta method on the log partial hazard; that of the baseline, of the model's form and of a
    future unlike the past is left out, so they are too narrow where events are few.
    """
    if not rows:
        return []
    columns = columns_of(rows, {*model.features, "contract_term_months"})
    matrix, odd = design(columns, model.document.features, model.document.terms)
    clock = clock_of(model, columns, elapsed_days, days_to_renewal)
    return _Batch(model, columns, matrix, odd, clock).forecasts()


class _Batch:
    """Arrays of one call of `score`, cut into a forecast per row."""

    def __init__(
        self,
        model: ChurnModel,
        columns: Columns,
        matrix: Floats,
        odd: dict[str, NDArray[np.bool_]],
        clock: Clock,
    ) -> None:
        self.model, self.columns, self.odd, self.clock = model, columns, odd, clock
        self.log_hazard, self.error = log_hazards(model, matrix)
        self.parts = by_row.product(matrix * model.coefficients, model.shares)
        self.days = clock.knots()
        self.stays = self._with_interval(clock.hazard(self.days))
        self.renewal_hazard = clock.hazard(clock.renewal_day[:, None])
        self.renewals = self._with_interval(self.renewal_hazard)
        self._explain()

    def _with_interval(self, hazard: Floats) -> tuple[Floats, Floats, Floats]:
        shifts = (0.0, LEVEL_Z, -LEVEL_Z)
        value, low, high = (survival(hazard, self.log_hazard + z * self.error) for z in shifts)
        return value, low, high

    def _explain(self) -> None:
        spoken = ~np.isnan(self.renewal_hazard[:, 0])
        last = np.nanmax(self.days, axis=1)
        self.driver_days = np.where(spoken, self.clock.renewal_day, last)
        hazard = np.where(spoken, self.renewal_hazard[:, 0], self.clock.hazard(last[:, None])[:, 0])
        self.reference, self.contributions = explain.survival_parts(self.parts, hazard)
        self.driven = survival(hazard[:, None], self.log_hazard)[:, 0]

    def forecasts(self) -> list[Forecast]:
        return [self._forecast(i) for i in range(len(self.log_hazard))]

    def _forecast(self, i: int) -> Forecast:
        curve = self._curve(i)
        renewal = _probability(self.renewals, i, 0)
        return Forecast(
            stratum=str(self.clock.stratum[i]),
            log_hazard_ratio=float(self.log_hazard[i]),
            standard_error=float(self.error[i]),
            renewal=None if np.isnan(renewal.value) else renewal,
            curve=curve,
            drivers=self._drivers(i),
            reference=float(self.reference[i]),
            driven=float(self.driven[i]),
            driver_days=float(self.driver_days[i]),
            horizon_days=int(curve[-1].days),
            unlike_training=tuple(name for name, rows in self.odd.items() if rows[i]),
        )

    def _curve(self, i: int) -> tuple[CurvePoint, ...]:
        days, first = np.unique(self.days[i][~np.isnan(self.days[i])], return_index=True)
        pairs = zip(days.tolist(), first.tolist(), strict=True)
        return tuple(CurvePoint(day, _probability(self.stays, i, j)) for day, j in pairs)

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


def _probability(bounds: tuple[Floats, Floats, Floats], i: int, j: int) -> Probability:
    value, low, high = (float(bound[i, j]) for bound in bounds)
    return Probability(value, low, high)

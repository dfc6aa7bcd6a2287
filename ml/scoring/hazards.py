"""A forecast model ready to score, and where accounts stand on its clock; numpy alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ml.scoring import cure, drivers, rowwise
from ml.scoring.document import CauseModel, ForecastModel, ModelUnreadable, Stratum, decode
from ml.scoring.features import Columns
from ml.scoring.renewal_clock import (
    EVERYONE,
    MONTH_DAYS,
    NO_RENEWAL,
    SLACK_DAYS,
    known_days,
    month_of,
    strata_of,
)

Floats: TypeAlias = NDArray[np.float64]
Days: TypeAlias = Sequence[float | None]

TAIL_MONTHS: Final = 12
"""Months whose mean hazard is carried on beyond the data's end."""


NUDGE: Final = 1e-4
"""Difference of log hazards at which a slope is taken."""

FLAT: Final = 1e-7
"""Log hazards nearer to 0 are read by the slope there: their parts would be rounding alone."""

MIN_HAZARD: Final = 1e-300


@dataclass(frozen=True)
class Cause:
    """One way to be lost, as arrays: `coefficients` (terms,), `variance` (terms, terms)."""

    document: CauseModel
    coefficients: Floats
    variance: Floats
    tail_months: int

    @classmethod
    def of(cls, part: CauseModel, terms: int, tail_months: int) -> "Cause":
        """Read the arrays.

        Raises
        ------
        ModelUnreadable
            If they do not belong to a design of so many terms.
        """
        coefficients, variance = np.array(part.coefficients), part.variance.array()
        leans = {s.lean.columns for s in part.strata.values() if s.lean is not None} or {terms}
        if len(coefficients) != terms or variance.shape != (terms, terms) or leans != {terms}:
            raise ModelUnreadable(
                "the forecast model's coefficients, variance and terms do not fit together"
            )
        return cls(part, coefficients, variance, tail_months)

    @property
    def name(self) -> str:
        """Why an account is lost: `voluntary`, `involuntary`, or a table's own word."""
        return self.document.cause

    @cached_property
    def hazards(self) -> dict[str, Floats]:
        """Baseline cumulative hazard at the end of months 0, 1, … by stratum, its tail included."""
        return {
            name: _with_tail(np.array(s.cumulative_hazard), self.tail_months)
            for name, s in self.document.strata.items()
        }

    @cached_property
    def spreads(self) -> dict[str, tuple[Floats, Floats]]:
        """By stratum, of the log cumulative hazard at months 0, 1, …: variance and covariance.

        Shapes (months,) and (months, terms), the last month's carried on through the tail; zeros
        where the document does not know them.
        """
        return {name: self._spread(s) for name, s in self.document.strata.items()}

    def _spread(self, stratum: Stratum) -> tuple[Floats, Floats]:
        months, terms = len(stratum.cumulative_hazard), len(self.coefficients)
        spread = np.array(stratum.spread) if stratum.spread else np.zeros(months)
        lean = np.zeros((months, terms)) if stratum.lean is None else stratum.lean.array()
        if len(spread) != months or len(lean) != months:
            raise ModelUnreadable("the forecast model's spread and baseline do not fit together")
        tail = (0, self.tail_months)
        return np.pad(spread, tail, mode="edge"), np.pad(lean, (tail, (0, 0)), mode="edge")

    def log_hazard(self, matrix: Floats) -> Floats:
        """Log partial hazard against the reference account, shape (rows,).

        In a mixture with accounts that never leave, the log odds ratio of ever leaving.
        """
        return rowwise.product(matrix, self.coefficients)

    def own(self, baseline: Floats, log_hazard: Floats) -> Floats:
        """Accounts' cumulative hazards from the baseline's at the same moments; both broadcast."""
        mixed = self.document.cure
        if mixed is None:
            return baseline * np.exp(log_hazard)
        return cure.cumulative_hazard(mixed, baseline, log_hazard)

    def variances(self, matrix: Floats, clock: "Clock", days: Floats) -> Floats:
        """Sampling variance of the log cumulative hazard of accounts, shape like `days`."""
        slope = clock.slope(self, days, self.log_hazard(matrix))
        own = np.einsum("ij,ij->i", rowwise.product(matrix, self.variance), matrix)[:, None]
        variances = own * slope**2
        reached = clock.months(days) + clock.elapsed[:, None]
        for name, (spread, lean) in self.spreads.items():
            at = clock.stratum == name
            month = np.clip(np.nan_to_num(np.ceil(reached[at] - 1e-9), nan=1.0), 1, len(spread) - 1)
            place = month.astype(np.int64)
            shared = np.take_along_axis(rowwise.product(matrix[at], lean.T), place, axis=1)
            variances[at] += spread[place] + 2 * slope[at] * shared
        return np.maximum(variances, 0.0)


def _with_tail(hazard: Floats, months: int) -> Floats:
    """Carry the mean hazard of the last year known on for so many months."""
    if not months:
        return hazard
    span = min(TAIL_MONTHS, len(hazard) - 1)
    rate = (hazard[-1] - hazard[-1 - span]) / span if span else 0.0
    return np.concatenate([hazard, hazard[-1] + rate * np.arange(1, months + 1)])


def _read_off(hazard: Floats, months: Floats) -> Floats:
    """Each row's cumulative hazard, known at months 0, 1, …, read in between; NaN is read as 0."""
    last = hazard.shape[1] - 1
    at = np.clip(np.nan_to_num(months), 0.0, float(last))
    before = np.minimum(np.floor(at), max(last - 1, 0)).astype(np.int64)
    here = np.take_along_axis(hazard, before, axis=1)
    there = np.take_along_axis(hazard, np.minimum(before + 1, last), axis=1)
    return here + (at - before) * (there - here)


@dataclass(frozen=True)
class ChurnModel:
    """A forecast model ready to score: the document and its arrays, one `Cause` per way to end."""

    document: ForecastModel
    causes: tuple[Cause, ...]
    shares: Floats
    newcomers: "ChurnModel | None" = None

    @cached_property
    def features(self) -> tuple[str, ...]:
        """Names of the signals it needs to be told."""
        return tuple(feature.name for feature in self.document.features)

    @property
    def is_curves(self) -> bool:
        """Whether every account of a stratum has the same curve, whatever its signals say."""
        return self.document.basis == "strata"

    @cached_property
    def reaches(self) -> dict[str, int]:
        """Months that each stratum speaks for, its tail included."""
        return {name: len(hazard) - 1 for name, hazard in self.causes[0].hazards.items()}

    def stratum(self, name: str) -> str:
        """The baseline an account of this stratum is read from; `none` where there is no own."""
        if self.document.clock == "start":
            return EVERYONE
        if name in self.reaches:
            return name
        return NO_RENEWAL if NO_RENEWAL in self.reaches else next(iter(self.reaches))

    def log_parts(self, matrix: Floats) -> list[Floats]:
        """Per cause the parts of the log partial hazard by signal, each (rows, features)."""
        return [rowwise.product(matrix * cause.coefficients, self.shares) for cause in self.causes]


def load(document: bytes, checksum: str) -> ChurnModel:
    """Read an exported model.

    Raises
    ------
    ModelTampered
        If the bytes do not match the checksum (cut short, changed).
    ModelUnreadable
        If they are no model of a known format, or its parts do not fit together.
    """
    return assembled(decode(document, checksum))


def assembled(model: ForecastModel) -> ChurnModel:
    """The arrays of a document that was read.

    Raises
    ------
    ModelUnreadable
        If its parts do not fit together.
    """
    lengths = [
        {name: len(s.cumulative_hazard) for name, s in part.strata.items()} for part in model.causes
    ]
    if not lengths or not lengths[0] or any(other != lengths[0] for other in lengths):
        raise ModelUnreadable("the forecast model's causes and strata do not fit together")
    causes = [Cause.of(part, len(model.terms), model.tail_months) for part in model.causes]
    newcomers = assembled(model.newcomers) if model.newcomers else None
    return ChurnModel(model, tuple(causes), drivers.feature_matrix(model), newcomers)


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
        longest = self.model.reaches
        return np.array([longest[name] for name in self.stratum.tolist()]) - self.elapsed

    def hazard(self, cause: Cause, days: Floats, log_hazard: Floats) -> Floats:
        """A cause's cumulative hazard of accounts from now to so many days ahead.

        Between whole months log survival is linear; with the landmark clock the month of an
        account's own renewal is a step at that day, when the decision takes effect.

        Parameters
        ----------
        days
            Days ahead, shape (rows, k), 0 or more; NaN gives NaN.
        log_hazard
            As `Cause.log_hazard` gives it, shape (rows,); zeros for the reference account.

        Returns
        -------
        Shape (rows, k); NaN beyond the reach of the data.
        """
        ahead = self.months(days)
        result = np.full_like(days, np.nan)
        for name, baseline in cause.hazards.items():
            at = self.stratum == name
            elapsed = self.elapsed[at][:, None]
            if cause.document.cure is None:
                months = np.arange(len(baseline))
                now: Floats = np.interp(elapsed, months, baseline)
                then: Floats = np.interp(elapsed + ahead[at], months, baseline)
                result[at] = then - now
            else:
                own = cause.own(baseline[None, :], log_hazard[at][:, None])
                result[at] = _read_off(own, elapsed + ahead[at]) - _read_off(own, elapsed)
        if cause.document.cure is None:
            result *= np.exp(log_hazard)[:, None]
        slack = SLACK_DAYS / MONTH_DAYS
        return np.where(ahead <= self.reach[:, None] + slack, result, np.nan)

    def slope(self, cause: Cause, days: Floats, log_hazard: Floats) -> Floats:
        """How the log of `hazard` grows with the log hazard ratio, shape like `days`.

        1 where hazards are proportional; in a mixture with accounts that never leave it falls
        towards 0 as time goes by, for those who are nearly certain to leave sooner than for others.
        """
        if cause.document.cure is None:
            return np.ones_like(days)
        low, high = (
            np.log(np.maximum(self.hazard(cause, days, log_hazard + way * NUDGE), MIN_HAZARD))
            for way in (-1, 1)
        )
        return np.nan_to_num((high - low) / (2 * NUDGE))

    def stretch(self, cause: Cause, days: Floats, log_hazard: Floats) -> Floats:
        """Log of accounts' cumulative hazards over the reference account's, per unit of log hazard.

        1 where hazards are proportional. In a mixture, parts of the log odds times this are parts
        of the log cumulative hazard: with one linear predictor the path's integral is the same.

        Parameters
        ----------
        days
            One horizon an account, shape (rows, 1).
        log_hazard
            As `Cause.log_hazard` gives it, shape (rows,).

        Returns
        -------
        Shape (rows,).
        """
        if cause.document.cure is None:
            return np.ones(len(log_hazard))
        own, reference = (
            np.log(np.maximum(self.hazard(cause, days, eta), MIN_HAZARD))[:, 0]
            for eta in (log_hazard, np.zeros_like(log_hazard))
        )
        flat = np.abs(log_hazard) < FLAT
        steep = (own - reference) / np.where(flat, 1.0, log_hazard)
        return np.where(flat, self.slope(cause, days, np.zeros_like(log_hazard))[:, 0], steep)

    def months(self, days: Floats) -> Floats:
        """Months ahead at which the baseline is read for so many days ahead, shape like `days`."""
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
    """Place accounts on the model's clock; those older than its data stand at the data's end.

    Raises
    ------
    InvalidInput
        If a number of days lies beyond the calendar.
    """
    names = np.array([EVERYONE], dtype=np.str_).repeat(len(days_to_renewal))
    elapsed = np.zeros(len(names))
    day = np.maximum(known_days("days_to_renewal", days_to_renewal), 0.0)
    month = np.array([month_of(d) if d == d else np.nan for d in day])
    if model.document.clock == "start":
        oldest = float(model.document.causes[0].strata[EVERYONE].reach_months)
        lived = np.nan_to_num(known_days("elapsed_days", elapsed_days))
        elapsed = np.clip(lived / MONTH_DAYS, 0.0, oldest)
    else:
        terms = columns["contract_term_months"].tolist()
        names = np.array([model.stratum(name) for name in strata_of(terms, day.tolist()).tolist()])
    return Clock(model, names, elapsed, day, month)

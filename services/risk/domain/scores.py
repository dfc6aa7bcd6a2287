"""A score, what it was made from, and what listeners hear of it."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.risk.domain.bands import RiskBand
from services.risk.domain.chance import (
    CauseCurve,
    ChurnCause,
    EvidenceGrade,
    ForecastBasis,
    Probability,
)
from services.risk.domain.inputs import Inputs
from services.risk.domain.queue import UpdateReason
from shared.vocabulary.money import Money

LEVEL: Final = 0.9
"""How often an interval should hold the true value."""

MAX_SHIFT: Final = 0.005
"""Changes of a probability up to this are not worth telling anyone."""


class RiskOrder(StrEnum):
    PROBABILITY = "PROBABILITY"
    VALUE_AT_RISK = "VALUE_AT_RISK"


@dataclass(frozen=True, slots=True)
class SurvivalPoint:
    """The chance of still being there so many days ahead."""

    days: float
    survival: Probability


@dataclass(frozen=True, slots=True)
class Driver:
    """One feature's part of the served probability; an association, not a cause."""

    feature: str
    label: str
    value: float | str | bool | None
    contribution: float
    source: str


@dataclass(frozen=True, slots=True)
class RiskScore:
    """What was served about an account from `scored_at` on, from what was known at `as_of`.

    `renewal_probability` is None where the renewal date is unknown or lies beyond what the model
    can speak for. Reference and drivers add up to `driven_probability`: the renewal probability,
    or else the chance of staying for `driven_days`. `churn_90` looks less far where the model does.
    """

    score_id: UUID
    account_id: UUID
    as_of: datetime
    scored_at: datetime
    model_version: str
    reason: UpdateReason
    renewal_on: date | None
    renewal_probability: float | None
    renewal_low: float | None
    renewal_high: float | None
    curve_days: list[float]
    curve_survival: list[float]
    curve_low: list[float]
    curve_high: list[float]
    churn_90: float
    band: RiskBand
    mrr_cents: int | None
    currency: str | None
    drivers: list[Driver]
    driven_probability: float
    driven_days: float
    reference_probability: float
    inputs_hash: str
    stale_inputs: list[str]
    unlike_training: list[str]
    causes: list[CauseCurve]
    basis: ForecastBasis

    @property
    def horizon_days(self) -> int:
        """How far ahead the model speaks for this account."""
        return math.floor(self.curve_days[-1])

    @property
    def evidence(self) -> EvidenceGrade:
        """Thin where no signal of the account played a part, limited where some were old or odd."""
        if self.basis is ForecastBasis.STRATA:
            return EvidenceGrade.THIN
        if self.stale_inputs or self.unlike_training:
            return EvidenceGrade.LIMITED
        return EvidenceGrade.STRONG

    @property
    def renewal(self) -> Probability | None:
        """The chance that the open contract is renewed at its own renewal date."""
        value, low, high = self.renewal_probability, self.renewal_low, self.renewal_high
        if value is None or low is None or high is None:
            return None
        return Probability(value, low, high)

    @property
    def mrr(self) -> Money | None:
        """The account's MRR at that moment; None where billing knew none."""
        if self.mrr_cents is None or self.currency is None:
            return None
        return Money(self.mrr_cents, self.currency)

    @property
    def value_at_risk(self) -> Money | None:
        """MRR × (1 − renewal probability), or else × (1 − the chance that the drivers explain)."""
        return self.mrr.times(1 - self.driven_probability) if self.mrr else None

    def survival(self, days: float) -> Probability | None:
        """The chance of still being there so many days ahead; None beyond the horizon."""
        if not 0 <= days <= self.curve_days[-1]:
            return None
        value, low, high = (
            survival_at(self.curve_days, curve, days)
            for curve in (self.curve_survival, self.curve_low, self.curve_high)
        )
        return Probability(value, low, high)

    def churn_probability(self, within_days: float) -> Probability | None:
        """The chance of churn within so many days; None beyond the horizon."""
        stays = self.survival(within_days)
        if stays is None:
            return None
        return Probability(1 - stays.value, 1 - stays.high, 1 - stays.low)

    def by_cause(self, within_days: float | None) -> dict[ChurnCause, Probability]:
        """The causes' parts of churn by a day, or by the renewal; empty where none is known."""
        if within_days is None:
            return {part.cause: part.renewal for part in self.causes if part.renewal}
        if within_days > self.curve_days[-1]:
            return {}
        return {
            part.cause: part.within(self.curve_days, self.curve_survival, within_days)
            for part in self.causes
        }

    def curve(self, days: int, points: int) -> list[SurvivalPoint]:
        """The survival curve at evenly spaced days, from 0 to `days` or the horizon."""
        last = min(float(days), self.curve_days[-1])
        at = [last * step / (points - 1) for step in range(points - 1)] + [last]
        return [SurvivalPoint(day, stays) for day in at if (stays := self.survival(day))]


def survival_at(days: Sequence[float], survival: Sequence[float], at: float) -> float:
    """A curve between its points, where log survival is linear; beyond its end the end counts."""
    place = bisect_right(days, at)
    if place == len(days):
        return survival[-1]
    here, there = (math.log(max(value, 1e-300)) for value in survival[place - 1 : place + 1])
    share = (at - days[place - 1]) / (days[place] - days[place - 1])
    return math.exp(here + (there - here) * share)


@dataclass(frozen=True, slots=True)
class Fresh:
    """A score just made, with the inputs that made it."""

    score: RiskScore
    inputs: Inputs


@dataclass(frozen=True, slots=True)
class Standing:
    """An account before it is scored again; `told_…` is what listeners of its score know."""

    account_id: UUID
    reason: UpdateReason = UpdateReason.NEW_DATA
    model_version: str | None = None
    inputs_hash: str | None = None
    told_renewal_probability: float | None = None
    told_churn_90: float | None = None
    told_band: RiskBand | None = None

    def serves(self, score: RiskScore) -> bool:
        """Whether the same model has already spoken on the same inputs."""
        return (self.model_version, self.inputs_hash) == (score.model_version, score.inputs_hash)

    def news(self, score: RiskScore) -> bool:
        """Whether listeners should hear of it: a first score, another band, or a large shift."""
        if self.told_churn_90 is None or self.told_band != score.band:
            return True
        before, after = self.told_renewal_probability, score.renewal_probability
        if (before is None) != (after is None):
            return True
        shift = abs(score.churn_90 - self.told_churn_90)
        if before is not None and after is not None:
            shift = max(shift, abs(after - before))
        return shift > MAX_SHIFT


@dataclass(frozen=True, slots=True)
class RiskUpdated:
    """A first score, another band, or a probability that moved; `previous_…` was told last."""

    account_id: UUID
    score_id: UUID
    as_of: datetime
    scored_at: datetime
    renewal_probability: float | None
    previous_probability: float | None
    churn_90: float
    band: RiskBand
    previous_band: RiskBand | None
    reason: UpdateReason
    model_version: str

    @classmethod
    def of(cls, score: RiskScore, before: Standing) -> "RiskUpdated":
        return cls(
            account_id=score.account_id,
            score_id=score.score_id,
            as_of=score.as_of,
            scored_at=score.scored_at,
            renewal_probability=score.renewal_probability,
            previous_probability=before.told_renewal_probability,
            churn_90=score.churn_90,
            band=score.band,
            previous_band=before.told_band,
            reason=score.reason,
            model_version=score.model_version,
        )


@dataclass(frozen=True, slots=True)
class AtRisk:
    """An account and the score it is ranked by."""

    account_id: UUID
    score: RiskScore

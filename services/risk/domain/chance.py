"""Chances with their intervals, and how those of the causes are read between two days."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Probability:
    """A chance in [0, 1] with its 90 % interval."""

    value: float
    low: float
    high: float


class ChurnCause(StrEnum):
    VOLUNTARY = "voluntary"
    INVOLUNTARY = "involuntary"


class ForecastBasis(StrEnum):
    MODEL = "model"
    NEWCOMERS = "newcomers"
    STRATA = "strata"


class EvidenceGrade(StrEnum):
    STRONG = "STRONG"
    LIMITED = "LIMITED"
    THIN = "THIN"


@dataclass(frozen=True, slots=True)
class CauseCurve:
    """Chance of being lost for one cause by each day of the score's curve, and by the renewal.

    With survival the values of all causes add up to one; `renewal` is None where the score's is.
    """

    cause: ChurnCause
    value: list[float]
    low: list[float]
    high: list[float]
    renewal: Probability | None

    def within(self, days: Sequence[float], survival: Sequence[float], at: float) -> Probability:
        """The chance by a day between the curve's, or by its end.

        Between two days the causes' hazards keep their proportion.
        """
        place = bisect_right(days, at)
        if place == len(days):
            return Probability(self.value[-1], self.low[-1], self.high[-1])
        part = (at - days[place - 1]) / (days[place] - days[place - 1])
        share = _share_of_loss(survival[place - 1], survival[place], part)
        value, low, high = (
            curve[place - 1] + share * (curve[place] - curve[place - 1])
            for curve in (self.value, self.low, self.high)
        )
        return Probability(value, low, high)


def _share_of_loss(before: float, after: float, part: float) -> float:
    """Of what survival loses between two days, how much is lost after this part of the time."""
    if not before > after > 0:
        return part
    return math.expm1(part * math.log(after / before)) / (after / before - 1)

"""Time until something happens, where for some it has not happened yet."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter


@dataclass(frozen=True, slots=True)
class Duration:
    """For how long somebody was followed, and whether it happened then."""

    days: int
    happened: bool


@dataclass(frozen=True, slots=True)
class Curve:
    """Kaplan-Meier: share without it after each day on which it happened; `until` was followed."""

    days: list[int]
    surviving: list[float]
    until: int
    n: int

    def median(self) -> float | None:
        """The first day by which it happened to half; None when not even half are known to."""
        halves = (d for d, s in zip(self.days, self.surviving, strict=True) if s <= 0.5 + 1e-12)
        return next(halves, None)

    def share_by(self, day: int) -> float | None:
        """The share to whom it happened within so many days; None beyond what was followed.

        Where it has happened to all, it stays so.
        """
        left = 1.0
        for at, surviving in zip(self.days, self.surviving, strict=True):
            if at <= day:
                left = surviving
        if day > self.until and left > 0:
            return None
        return 1 - left


def kaplan_meier(durations: Iterable[Duration]) -> Curve:
    """The product-limit estimate; who is censored on a day was at risk on it."""
    ordered = sorted(durations, key=attrgetter("days"))
    at_risk, left = len(ordered), 1.0
    days: list[int] = []
    surviving: list[float] = []
    for day, group in groupby(ordered, key=attrgetter("days")):
        here = [each.happened for each in group]
        happened = sum(here)
        if happened:
            left *= 1 - happened / at_risk
            days.append(day)
            surviving.append(left)
        at_risk -= len(here)
    return Curve(days, surviving, ordered[-1].days if ordered else 0, len(ordered))

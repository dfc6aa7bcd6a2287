"""The health score (R3): use, education, tickets and NPS in one number, beside the forecast."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.risk.domain.inputs import Inputs, feature_row, number
from shared.vocabulary.landmark import FeatureRow

VERSION: Final = 1
RED_TO: Final = 50.0
YELLOW_TO: Final = 75.0
WORKING_DAYS: Final = 20.0
"""Working days in four weeks: use on all of them is all there can be."""

MAX_TICKETS: Final = 0.5
"""Tickets a member within 28 days, severe ones twice: from here on this part is 0."""


class HealthBand(StrEnum):
    RED = "RED"
    YELLOW = "YELLOW"
    GREEN = "GREEN"

    @classmethod
    def of(cls, value: float) -> "HealthBand":
        if value <= RED_TO:
            return cls.RED
        return cls.YELLOW if value <= YELLOW_TO else cls.GREEN


class HealthArea(StrEnum):
    USAGE = "USAGE"
    EDUCATION = "EDUCATION"
    TICKETS = "TICKETS"
    NPS = "NPS"


WEIGHTS: Final = {
    HealthArea.USAGE: 0.40,
    HealthArea.EDUCATION: 0.20,
    HealthArea.TICKETS: 0.20,
    HealthArea.NPS: 0.20,
}


@dataclass(frozen=True, slots=True)
class HealthPart:
    """A part of the score, 0 to 100; where it is unknown `value` is None and the weight 0."""

    area: HealthArea
    value: float | None
    weight: float
    inputs: dict[str, float]


@dataclass(frozen=True, slots=True)
class Health:
    """The score, 0 to 100, higher is better; `coverage` is the share of the weights it rests on."""

    as_of: datetime
    value: float | None
    coverage: float
    parts: list[HealthPart]

    @property
    def band(self) -> HealthBand | None:
        return None if self.value is None else HealthBand.of(self.value)


def health_of(inputs: Inputs, as_of: datetime) -> Health:
    """The score of what was known of an account.

    Parameters
    ----------
    inputs
        What the services told, by service, as it was kept with a served score.
    as_of
        The moment of which they speak.
    """
    row = feature_row(inputs)
    values = {area: part(row) for area, part in PARTS.items()}
    coverage = sum(WEIGHTS[area] for area, value in values.items() if value is not None)
    parts = [_part(area, row, values[area], coverage) for area in HealthArea]
    total = sum(WEIGHTS[area] * value for area, value in values.items() if value is not None)
    return Health(as_of, total / coverage if coverage else None, coverage, parts)


def _part(area: HealthArea, row: FeatureRow, value: float | None, coverage: float) -> HealthPart:
    inputs = {name: x for name in INPUTS[area] if (x := number(row, name)) is not None}
    return HealthPart(area, value, 0.0 if value is None else WEIGHTS[area] / coverage, inputs)


def _share(row: FeatureRow, above: str, below: str) -> float | None:
    """One input over another, at most 1; None where either is unknown or there is nothing below."""
    over, under = number(row, above), number(row, below)
    if over is None or under is None or under <= 0:
        return None
    return _clip(over / under)


def _clip(share: float) -> float:
    return min(1.0, max(0.0, share))


def _usage(row: FeatureRow) -> float | None:
    """Seats in use, days in use, and use against four weeks before: the mean of those known."""
    days = number(row, "active_days_28d")
    in_use = _share(row, "active_members_28d", "seats")
    of_days = None if days is None else _clip(days / WORKING_DAYS)
    trend = _share(row, "events_28d", "events_prev_28d")
    shares = [share for share in (in_use, of_days, trend) if share is not None]
    return 100 * sum(shares) / len(shares) if shares else None


def _education(row: FeatureRow) -> float | None:
    """Learners who completed a course in 180 days, of active members (L1).

    Unknown where nobody was ever enrolled: whether there is any training is not known then.
    """
    if not number(row, "enrolments"):
        return None
    share = _share(row, "learners_180d", "active_members_28d")
    return None if share is None else 100 * share


def _tickets(row: FeatureRow) -> float | None:
    """Tickets a member, brought to 28 days (F1); severe ones count twice."""
    tickets, members = number(row, "tickets_90d"), number(row, "members")
    if tickets is None or members is None or members <= 0:
        return None
    rate = (tickets + (number(row, "tickets_high_90d") or 0.0)) * 28 / 90 / members
    return 100 * (1 - _clip(rate / MAX_TICKETS))


def _nps(row: FeatureRow) -> float | None:
    """The trait `nps`, −100 to 100, where the tenant's systems send one."""
    nps = number(row, "trait_nps")
    return None if nps is None else 100 * _clip((nps + 100) / 200)


PARTS: Final[Mapping[HealthArea, Callable[[FeatureRow], float | None]]] = {
    HealthArea.USAGE: _usage,
    HealthArea.EDUCATION: _education,
    HealthArea.TICKETS: _tickets,
    HealthArea.NPS: _nps,
}
INPUTS: Final[Mapping[HealthArea, tuple[str, ...]]] = {
    HealthArea.USAGE: (
        "active_members_28d", "seats", "active_days_28d", "events_28d", "events_prev_28d",
    ),
    HealthArea.EDUCATION: ("enrolments", "learners_180d", "active_members_28d"),
    HealthArea.TICKETS: ("tickets_90d", "tickets_high_90d", "members"),
    HealthArea.NPS: ("trait_nps",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ending:
    """A contract that ended: health and the forecast's chance of renewal before, and what came."""

    health: float
    chance: float
    renewed: bool


@dataclass(frozen=True, slots=True)
class BandEnding:
    """Contracts whose account was in a band then, and how many of them were renewed."""

    band: HealthBand
    n: int
    renewed: int


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """Health compared with what came, beside the forecast on the same contracts.

    AUC: how often a renewed contract had been ranked above a lost one; .5 is chance. None where
    all were renewed, or none.
    """

    days_before: int
    n: int
    auc: float | None
    forecast_auc: float | None
    bands: list[BandEnding]

    @classmethod
    def of(cls, days_before: int, endings: Sequence[Ending]) -> "HealthCheck":
        by_band: dict[HealthBand, list[bool]] = {band: [] for band in HealthBand}
        for ending in endings:
            by_band[HealthBand.of(ending.health)].append(ending.renewed)
        return cls(
            days_before,
            len(endings),
            auc((ending.health, ending.renewed) for ending in endings),
            auc((ending.chance, ending.renewed) for ending in endings),
            [BandEnding(band, len(renewed), sum(renewed)) for band, renewed in by_band.items()],
        )


def auc(outcomes: Iterable[tuple[float, bool]]) -> float | None:
    """Mann and Whitney's share of pairs in order, ties half; None without a pair."""
    by_renewal: dict[bool, list[float]] = {True: [], False: []}
    for value, renewed in sorted(outcomes):
        by_renewal[renewed].append(value)
    pairs = len(by_renewal[True]) * len(by_renewal[False])
    if not pairs:
        return None
    losses = by_renewal[False]
    wins = sum(bisect_left(losses, x) + bisect_right(losses, x) for x in by_renewal[True]) / 2
    return wins / pairs

"""The health score (R3): use, education, tickets and NPS in one number; never the forecast."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.risk.domain.scores import Inputs
from shared.vocabulary.landmark import FeatureRow

VERSION: Final = 1
RED_TO: Final = 50.0
YELLOW_TO: Final = 75.0
WORKING_DAYS: Final = 20.0
"""Working days in four weeks: use on all of them is all there can be."""

TICKETS_MOST: Final = 0.5
"""Tickets a member within 28 days, severe ones twice, from which nothing of this part is left."""


class HealthBand(StrEnum):
    """Where a health score lies: red up to 50, yellow up to 75, green above."""

    RED = "RED"
    YELLOW = "YELLOW"
    GREEN = "GREEN"

    @classmethod
    def of(cls, value: float) -> "HealthBand":
        """The band of a score."""
        if value <= RED_TO:
            return cls.RED
        return cls.YELLOW if value <= YELLOW_TO else cls.GREEN


class HealthArea(StrEnum):
    """What a part of the score speaks of."""

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
    """A part of the score: 0 to 100, its weight among the known ones, what it was made from.

    `value` is None, and the weight 0, where nothing of it is known.
    """

    area: HealthArea
    value: float | None
    weight: float
    made_from: dict[str, float]


@dataclass(frozen=True, slots=True)
class Health:
    """The score, 0 to 100, higher is better; None where no part is known.

    `coverage` is the share of the weights that is known.
    """

    as_of: datetime
    value: float | None
    coverage: float
    parts: list[HealthPart]

    @property
    def band(self) -> HealthBand | None:
        """Its band; None without a score."""
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
    row: FeatureRow = {name: value for told in inputs.values() for name, value in told.items()}
    values = {area: part(row) for area, part in PARTS.items()}
    known = {area: value for area, value in values.items() if value is not None}
    coverage = sum(WEIGHTS[area] for area in known)
    parts = [_part(area, row, values[area], coverage) for area in HealthArea]
    total = sum(WEIGHTS[area] * value for area, value in known.items())
    return Health(as_of, total / coverage if known else None, coverage, parts)


def _part(area: HealthArea, row: FeatureRow, value: float | None, coverage: float) -> HealthPart:
    read = {name: number for name in READ[area] if (number := _number(row, name)) is not None}
    return HealthPart(area, value, 0.0 if value is None else WEIGHTS[area] / coverage, read)


def _number(row: FeatureRow, name: str) -> float | None:
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return None
    return float(value)


def _share(row: FeatureRow, above: str, below: str) -> float | None:
    """One input over another, at most 1; None where either is unknown or there is nothing below."""
    over, under = _number(row, above), _number(row, below)
    if over is None or under is None or under <= 0:
        return None
    return _clipped(over / under)


def _clipped(share: float) -> float:
    return min(1.0, max(0.0, share))


def _usage(row: FeatureRow) -> float | None:
    """Seats in use, days in use, and use against four weeks before: the mean of those known."""
    days = _number(row, "active_days_28d")
    found = [
        _share(row, "active_members_28d", "seats"),
        None if days is None else _clipped(days / WORKING_DAYS),
        _share(row, "events_28d", "events_prev_28d"),
    ]
    known = [one for one in found if one is not None]
    return 100 * sum(known) / len(known) if known else None


def _education(row: FeatureRow) -> float | None:
    """Learners who completed a course in 180 days, of active members (L1).

    Unknown where nobody was ever enrolled: whether there is any training is not known then.
    """
    if not _number(row, "enrolments"):
        return None
    share = _share(row, "learners_180d", "active_members_28d")
    return None if share is None else 100 * share


def _tickets(row: FeatureRow) -> float | None:
    """Tickets a member, brought to 28 days (F1); severe ones count twice."""
    tickets, members = _number(row, "tickets_90d"), _number(row, "members")
    if tickets is None or members is None or members <= 0:
        return None
    rate = (tickets + (_number(row, "tickets_high_90d") or 0.0)) * 28 / 90 / members
    return 100 * (1 - _clipped(rate / TICKETS_MOST))


def _nps(row: FeatureRow) -> float | None:
    """The trait `nps`, −100 to 100, where the tenant's systems send one."""
    told = _number(row, "trait_nps")
    return None if told is None else 100 * _clipped((told + 100) / 200)


PARTS: Final[Mapping[HealthArea, Callable[[FeatureRow], float | None]]] = {
    HealthArea.USAGE: _usage,
    HealthArea.EDUCATION: _education,
    HealthArea.TICKETS: _tickets,
    HealthArea.NPS: _nps,
}
READ: Final[Mapping[HealthArea, tuple[str, ...]]] = {
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
    """Health held against what came, beside the forecast on the same contracts.

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
        """Judge both."""
        by_band: dict[HealthBand, list[bool]] = defaultdict(list)
        for one in endings:
            by_band[HealthBand.of(one.health)].append(one.renewed)
        return cls(
            days_before,
            len(endings),
            auc((one.health, one.renewed) for one in endings),
            auc((one.chance, one.renewed) for one in endings),
            [BandEnding(band, len(by_band[band]), sum(by_band[band])) for band in HealthBand],
        )


def auc(said: Iterable[tuple[float, bool]]) -> float | None:
    """Mann and Whitney's share of pairs in order, ties half; None without a pair."""
    ordered = sorted(said)
    renewed = sum(came for _, came in ordered)
    pairs = renewed * (len(ordered) - renewed)
    if not pairs:
        return None
    won, lost_below, at = 0.0, 0, 0
    while at < len(ordered):
        end = at
        while end < len(ordered) and ordered[end][0] == ordered[at][0]:
            end += 1
        here = sum(came for _, came in ordered[at:end])
        won += here * (lost_below + (end - at - here) / 2)
        lost_below += end - at - here
        at = end
    return won / pairs

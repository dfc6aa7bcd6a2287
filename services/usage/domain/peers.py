"""An account against itself and against others: trend, low use, thin and shallow use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal, TypeAlias

from services.usage import definitions
from services.usage.domain.signals import Adoption
from services.usage.domain.summary import WEEKS_LEAST, UsageSummary
from shared import metric
from shared.definition import Definition
from shared.metric import MetricValue

PEERS_LEAST = 8
LOW_SHARE = 0.5
LOW_Z = -2.0
TO_SIGMA = 0.6745
"""Of normal values the median absolute deviation is this share of a standard deviation."""
AGE_BANDS_FROM = (0, 3, 6, 9, 12, 24, 36)
"""Contract ages in months from which on accounts are of another age."""

Cell: TypeAlias = tuple[int, str | None]


@dataclass(frozen=True, slots=True)
class Peers:
    """How accounts of one contract age stand, of one plan or (plan None, `is_any`) of all."""

    age_band: int
    plan: str | None
    is_any: bool
    accounts: int
    active: float
    breadth_q25: float | None
    depth_q25: float | None


@dataclass(frozen=True, slots=True)
class Seen:
    """An account's own signals, and those it is compared with; None: nobody."""

    adoption: Adoption
    peers: Peers | None


@dataclass(frozen=True, slots=True)
class LowUsage:
    """U16; `is_low` is None where neither peers nor weeks say enough."""

    against_peers: MetricValue
    peers: Literal["age_and_plan", "age"] | None
    peer_accounts: int
    z: MetricValue
    previous_z: MetricValue
    is_low: bool | None


@dataclass(frozen=True, slots=True)
class Signals:
    """All signals of adoption of an account."""

    adoption: Adoption
    trend_ratio: MetricValue
    low_usage: LowUsage
    thin_and_shallow: bool | None


class Compared:
    """The cells that accounts are compared with."""

    def __init__(self, cells: Sequence[Peers]) -> None:
        self._any: Mapping[int, Peers] = {c.age_band: c for c in cells if c.is_any}
        self._own: Mapping[Cell, Peers] = {
            (c.age_band, c.plan): c for c in cells if not c.is_any and c.plan is not None
        }

    def of(self, adoption: Adoption) -> Peers | None:
        """Peers of the same age and plan; of the same age where those are too few."""
        age = age_band(adoption.seats.contract_age_months)
        if age is None:
            return None
        for cell in (self._own.get((age, adoption.plan)), self._any.get(age)):
            if cell is not None and cell.accounts >= PEERS_LEAST:
                return cell
        return None


def signals(summary: UsageSummary, seen: Seen) -> Signals:
    """Everything that is known put together; the weeks are the summary's."""
    weekly = [week.events for week in summary.weeks]
    return Signals(
        adoption=seen.adoption,
        trend_ratio=_trend(definitions.TREND_RATIO, summary, _share_of_median(weekly)),
        low_usage=_low_usage(summary, weekly, seen.peers),
        thin_and_shallow=_thin_and_shallow(seen.adoption, seen.peers),
    )


def age_band(months: int | None) -> int | None:
    """Index of the age an account's first contract has reached."""
    if months is None:
        return None
    return sum(months >= start for start in AGE_BANDS_FROM) - 1


def robust_z(weekly: Sequence[float]) -> float | None:
    """The last week in deviations from the median; None for few weeks, or all much the same."""
    if len(weekly) < WEEKS_LEAST:
        return None
    middle = median(weekly)
    spread = median(abs(events - middle) for events in weekly)
    return TO_SIGMA * (weekly[-1] - middle) / spread if spread else None


def _share_of_median(weekly: Sequence[int]) -> float | None:
    middle = median(weekly) if len(weekly) >= WEEKS_LEAST else 0
    return weekly[-1] / middle if middle else None


def _trend(definition: Definition, summary: UsageSummary, value: float | None) -> MetricValue:
    over = summary.weekly_trend
    return metric.of(
        definition,
        value,
        over.n,
        window_from=over.window_from,
        window_to=over.window_to,
        freshness=over.freshness,
    )


def _low_usage(summary: UsageSummary, weekly: Sequence[int], peers: Peers | None) -> LowUsage:
    expected = peers.active if peers else 0.0
    active = summary.active_members_28
    share = (active.numerator or 0) / expected if expected else None
    z, before = robust_z(weekly), robust_z(weekly[:-1])
    return LowUsage(
        against_peers=metric.of(
            definitions.LOW_USAGE,
            share,
            peers.accounts if peers else 0,
            numerator=active.numerator,
            denominator=expected,
            window_from=active.window_from,
            window_to=active.window_to,
            freshness=active.freshness,
        ),
        peers=("age" if peers.is_any else "age_and_plan") if peers else None,
        peer_accounts=peers.accounts if peers else 0,
        z=_trend(definitions.TREND_Z, summary, z),
        previous_z=_trend(definitions.TREND_Z, summary, before),
        is_low=_is_low(share, z, before),
    )


def _is_low(share: float | None, z: float | None, before: float | None) -> bool | None:
    fell = None if z is None or before is None else z < LOW_Z and before < LOW_Z
    if share is None:
        return fell
    return share < LOW_SHARE or bool(fell)


def _thin_and_shallow(adoption: Adoption, peers: Peers | None) -> bool | None:
    """U4: breadth and depth both below the lowest quarter of the peers."""
    breadth, depth = adoption.breadth.organisation.value, adoption.depth.value
    if peers is None or peers.breadth_q25 is None or peers.depth_q25 is None:
        return None
    if breadth is None or depth is None:
        return None
    return breadth < peers.breadth_q25 and depth < peers.depth_q25

"""An account against itself and against others: trend, low use, thin and shallow use."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal, TypeAlias
from uuid import UUID

from services.usage.definitions import adoption as adoption_definitions
from services.usage.domain.signals import Adoption
from services.usage.domain.summary import MIN_WEEKS, UsageSummary
from shared.vocabulary import metric
from shared.vocabulary.definition import Definition
from shared.vocabulary.metric import MetricValue

MIN_PEERS = 8
MEDIAN = 0.5
LOWEST_QUARTER = 0.25
LOW_SHARE = 0.5
LOW_Z = -2.0
TO_SIGMA = 0.6745
"""Of normal values the median absolute deviation is this share of a standard deviation."""
AGE_BANDS_FROM = (0, 3, 6, 9, 12, 24, 36)
"""Contract ages in months from which on accounts are of another age."""

Place: TypeAlias = tuple[int, str | None]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an account stood, to compare others with it; None where it could not be said."""

    account_id: UUID
    age_band: int
    plan: str | None
    active: float
    breadth: float | None
    depth: float | None


@dataclass(frozen=True, slots=True)
class Ordered:
    """Values of `n` accounts in order: three from where the quantile lies, so that one may go."""

    n: int
    near: list[float]

    def quantile(self, share: float, own: float | None = None) -> float | None:
        """Interpolated between its neighbours, without one account's own value if it is among."""
        n = self.n if own is None else self.n - 1
        if n < 1:
            return None
        first, at = int(share * max(self.n - 2, 0)), share * (n - 1)
        low, high = int(at), math.ceil(at)
        return self._at(low - first, own) * (low + 1 - at) + self._at(high - first, own) * (
            at - low
        )

    def _at(self, place: int, own: float | None) -> float:
        """The value at a place once one's own is gone: those from it on move up."""
        moves_up = own is not None and self.near[place] >= own
        return self.near[place + 1] if moves_up else self.near[place]


def ordered(values: Iterable[float | None], share: float) -> Ordered:
    """What a quantile needs of values; those that could not be said do not count."""
    numbers = sorted(value for value in values if value is not None)
    first = int(share * max(len(numbers) - 2, 0))
    return Ordered(len(numbers), numbers[first : first + 3])


@dataclass(frozen=True, slots=True)
class Cell:
    """How accounts of one contract age stand, of one plan or (plan None, `is_any`) of all."""

    age_band: int
    plan: str | None
    is_any: bool
    accounts: int
    active: Ordered
    breadth: Ordered
    depth: Ordered


@dataclass(frozen=True, slots=True)
class Peers:
    """How an account's peers stand, itself left out; `accounts` says how many they are."""

    is_any: bool
    accounts: int
    active: float | None
    breadth_q25: float | None
    depth_q25: float | None


@dataclass(frozen=True, slots=True)
class SignalsWithPeers:
    """An account's own signals, and those it is compared with; None: nobody.

    `peers` are of the same age and plan, or of the same age where those are too few; `same_age`
    are of the same age, whatever their plan.
    """

    adoption: Adoption
    peers: Peers | None
    same_age: Peers | None


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


class PeerGroups:
    """The cells that accounts are compared with, and where those accounts stand in them."""

    def __init__(self, cells: Sequence[Cell], standings: Iterable[Standing]) -> None:
        self._any: Mapping[int, Cell] = {c.age_band: c for c in cells if c.is_any}
        self._own: Mapping[Place, Cell] = {
            (c.age_band, c.plan): c for c in cells if not c.is_any and c.plan is not None
        }
        self._standing = {each.account_id: each for each in standings}

    def of(self, adoption: Adoption) -> SignalsWithPeers:
        """Beside peers of the same age and plan; of the same age where those are too few."""
        age = age_band(adoption.seats.contract_age_months)
        if age is None:
            return SignalsWithPeers(adoption, None, None)
        same_age = self._without(self._any.get(age), adoption.account_id)
        own = self._without(self._own.get((age, adoption.plan)), adoption.account_id)
        return SignalsWithPeers(adoption, own or same_age, same_age)

    def beside(self, standings: Sequence[Standing]) -> "PeerGroups":
        """The same, and accounts of ages that had too few."""
        ages = {each.age_band for each in standings}
        before = [*self._any.values(), *self._own.values()]
        others = [each for each in self._standing.values() if each.age_band not in ages]
        return PeerGroups(
            [*(cell for cell in before if cell.age_band not in ages), *cells(standings)],
            [*others, *standings],
        )

    def lacks(self, adoption: Adoption) -> int | None:
        """The age of an account with too few to compare it with."""
        age = age_band(adoption.seats.contract_age_months)
        return age if self.of(adoption).same_age is None else None

    def _without(self, cell: Cell | None, account_id: UUID) -> Peers | None:
        """A cell as the others in it make it; None where they are too few."""
        if cell is None:
            return None
        own = self._standing.get(account_id)
        if own is not None and not _is_in(own, cell):
            own = None
        accounts = cell.accounts - (own is not None)
        if accounts < MIN_PEERS:
            return None
        return Peers(
            is_any=cell.is_any,
            accounts=accounts,
            active=cell.active.quantile(MEDIAN, own.active if own else None),
            breadth_q25=cell.breadth.quantile(LOWEST_QUARTER, own.breadth if own else None),
            depth_q25=cell.depth.quantile(LOWEST_QUARTER, own.depth if own else None),
        )


def _is_in(standing: Standing, cell: Cell) -> bool:
    return standing.age_band == cell.age_band and (cell.is_any or standing.plan == cell.plan)


def standing(adoption: Adoption) -> Standing | None:
    """What an account under contract is for others to be compared with."""
    age = age_band(adoption.seats.contract_age_months)
    if age is None or not adoption.seats.purchased:
        return None
    return Standing(
        account_id=adoption.account_id,
        age_band=age,
        plan=adoption.plan,
        active=adoption.login_days.denominator or 0,
        breadth=adoption.breadth.organisation.value,
        depth=adoption.depth.value,
    )


def cells(standings: Sequence[Standing]) -> list[Cell]:
    """By age and plan, and by age."""
    groups: dict[tuple[int, str | None, bool], list[Standing]] = defaultdict(list)
    for each in standings:
        groups[each.age_band, each.plan, False].append(each)
        groups[each.age_band, None, True].append(each)
    return [
        Cell(
            *place,
            len(group),
            ordered((each.active for each in group), MEDIAN),
            ordered((each.breadth for each in group), LOWEST_QUARTER),
            ordered((each.depth for each in group), LOWEST_QUARTER),
        )
        for place, group in groups.items()
    ]


def signals(summary: UsageSummary, own: SignalsWithPeers) -> Signals:
    """Everything that is known put together; the weeks are the summary's."""
    weekly = [week.events for week in summary.weeks]
    return Signals(
        adoption=own.adoption,
        trend_ratio=_trend(adoption_definitions.TREND_RATIO, summary, _share_of_median(weekly)),
        low_usage=_low_usage(summary, weekly, own.peers),
        thin_and_shallow=_thin_and_shallow(own.adoption, own.same_age),
    )


def age_band(months: int | None) -> int | None:
    """Index of the age an account's first contract has reached."""
    if months is None:
        return None
    return sum(months >= start for start in AGE_BANDS_FROM) - 1


def robust_z(weekly: Sequence[float]) -> float | None:
    """The last week in deviations from the median; None for few weeks, or all much the same."""
    if len(weekly) < MIN_WEEKS:
        return None
    middle = median(weekly)
    spread = median(abs(events - middle) for events in weekly)
    return TO_SIGMA * (weekly[-1] - middle) / spread if spread else None


def _share_of_median(weekly: Sequence[int]) -> float | None:
    middle = median(weekly) if len(weekly) >= MIN_WEEKS else 0
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
    expected = (peers.active if peers else None) or 0.0
    active = summary.active_members_28
    share = (active.numerator or 0) / expected if expected else None
    z, before = robust_z(weekly), robust_z(weekly[:-1])
    return LowUsage(
        against_peers=metric.of(
            adoption_definitions.LOW_USAGE,
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
        z=_trend(adoption_definitions.TREND_Z, summary, z),
        previous_z=_trend(adoption_definitions.TREND_Z, summary, before),
        is_low=_is_low(share, z, before),
    )


def _is_low(share: float | None, z: float | None, before: float | None) -> bool | None:
    fell = None if z is None or before is None else z < LOW_Z and before < LOW_Z
    if share is None:
        return fell
    return share < LOW_SHARE or bool(fell)


def _thin_and_shallow(adoption: Adoption, peers: Peers | None) -> bool | None:
    """U4: breadth and depth both below the lowest quarter of the accounts of the same age."""
    breadth, depth = adoption.breadth.organisation.value, adoption.depth.value
    if peers is None or peers.breadth_q25 is None or peers.depth_q25 is None:
        return None
    if breadth is None or depth is None:
        return None
    return breadth < peers.breadth_q25 and depth < peers.depth_q25

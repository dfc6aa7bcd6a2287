"""How use goes with renewal: odds ratios over strata of like accounts; no effects."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.usage.definitions.journeys import ASSOCIATION, ASSOCIATION_HIGH, ASSOCIATION_LOW
from services.usage.domain.clock import Clock
from shared.vocabulary import metric
from shared.vocabulary.metric import MetricValue, Window

MIN_RENEWALS = 20
MIN_SIDE = 5
Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Cell:
    """Renewals of like accounts: how many stayed, how many left; no feature: all of them."""

    feature: str | None
    stratum: str
    stayed: int
    left: int
    freshness: datetime | None


@dataclass(frozen=True, slots=True)
class Table:
    """A stratum: stayed and left, with the feature and without."""

    a: int
    b: int
    c: int
    d: int

    @property
    def n(self) -> int:
        return self.a + self.b + self.c + self.d


@dataclass(frozen=True, slots=True)
class OddsRatio:
    """A ratio with its 95 % interval."""

    value: float
    low: float
    high: float


def mantel_haenszel(tables: Sequence[Table]) -> OddsRatio | None:
    """The common odds ratio, with the interval of Robins, Breslow and Greenland (1986).

    None where no stratum has both, those who stayed with the feature and those who left without,
    or the other way round.
    """
    filled = [table for table in tables if table.n]
    r = [table.a * table.d / table.n for table in filled]
    s = [table.b * table.c / table.n for table in filled]
    r_all, s_all = math.fsum(r), math.fsum(s)
    if r_all == 0 or s_all == 0:
        return None
    p = [(table.a + table.d) / table.n for table in filled]
    variance = math.fsum(
        pi * ri / (2 * r_all**2)
        + (pi * si + (1 - pi) * ri) / (2 * r_all * s_all)
        + (1 - pi) * si / (2 * s_all**2)
        for pi, ri, si in zip(p, r, s, strict=True)
    )
    value, reach = r_all / s_all, math.exp(Z_95 * math.sqrt(variance))
    return OddsRatio(value, value / reach, value * reach)


@dataclass(frozen=True, slots=True)
class Association:
    """How use of a feature goes with being retained (U21)."""

    feature: str
    odds_ratio: MetricValue
    low: MetricValue
    high: MetricValue
    users: int
    strata: int


def associations(cells: Sequence[Cell], clock: Clock) -> list[Association]:
    """One for each feature, the strongest sign of staying first; those that cannot be said last."""
    whole = {cell.stratum: cell for cell in cells if cell.feature is None}
    by_feature: dict[str, dict[str, Cell]] = defaultdict(dict)
    for cell in cells:
        if cell.feature is not None:
            by_feature[cell.feature][cell.stratum] = cell
    ratios = [_of(name, with_it, whole, clock) for name, with_it in by_feature.items()]
    return sorted(ratios, key=lambda each: (-(each.odds_ratio.value or 0), each.feature))


def _of(
    feature: str, with_it: dict[str, Cell], whole: dict[str, Cell], clock: Clock
) -> Association:
    tables = [_table(with_it.get(stratum), cell) for stratum, cell in whole.items()]
    n = sum(table.n for table in tables)
    users = sum(table.a + table.b for table in tables)
    ratio = None
    if n >= MIN_RENEWALS and min(users, n - users) >= MIN_SIDE:
        ratio = mantel_haenszel(tables)
    times = [cell.freshness for cell in whole.values() if cell.freshness is not None]
    window = Window(window_to=clock.as_of, freshness=max(times, default=None))
    return Association(
        feature=feature,
        odds_ratio=metric.of(ASSOCIATION, ratio.value if ratio else None, n, **window),
        low=metric.of(ASSOCIATION_LOW, ratio.low if ratio else None, n, **window),
        high=metric.of(ASSOCIATION_HIGH, ratio.high if ratio else None, n, **window),
        users=users,
        strata=len(tables),
    )


def _table(with_it: Cell | None, whole: Cell) -> Table:
    a, b = (with_it.stayed, with_it.left) if with_it else (0, 0)
    return Table(a, b, whole.stayed - a, whole.left - b)

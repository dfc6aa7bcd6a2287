"""Plan lines, and what they bring per month."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from shared.vocabulary.money import Money

Interval: TypeAlias = Literal["week", "month", "quarter", "year"]

MILLION = 1_000_000
PER_MONTH: dict[Interval, tuple[int, int]] = {
    "week": (52, 12),
    "month": (1, 1),
    "quarter": (1, 3),
    "year": (1, 12),
}
"""How much of one interval's price falls on a month, as a fraction (definition B1)."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A plan line; `mrr` is what it brings per month while it runs."""

    id: str
    account_id: UUID
    plan: str
    quantity: int
    unit_price: Money
    interval: Interval
    discount_share: float
    mrr: Money
    started_at: datetime
    ended_at: datetime | None


def millionths(share: float) -> int:
    """A share in whole millionths: the precision in which discounts are stored."""
    return round(share * MILLION)


def mrr_cents(
    quantity: int, unit_price_cents: int, interval: Interval, discount_share: float = 0.0
) -> int:
    """Monthly recurring revenue of one line (definition B1), whole cents.

    Price of all units, as a share of a month, less the discount: computed exactly and rounded once,
    half up. An account's MRR is the sum of its lines' rounded amounts, so that lines add up.
    """
    times, months = PER_MONTH[interval]
    exact = quantity * unit_price_cents * times * (MILLION - millionths(discount_share))
    whole = months * MILLION
    return (2 * exact + whole) // (2 * whole)

"""What was billed and paid: invoices, charges that fail, and the ones never recovered."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from ml.simulation.clock import add_months, date_of, day_of
from ml.simulation.planted import CHARGE_FAILS, COLLECTION, METHODS

_TRANSFER = METHODS.index("bank_transfer")
_DECLINES = ("insufficient_funds", "card_expired", "do_not_honor", "processing_error")


@dataclass(frozen=True, slots=True)
class Attempt:
    """A charge or an incoming transfer, in days from 1970."""

    day: float
    succeeded: bool
    decline_code: str | None


@dataclass(frozen=True, slots=True)
class Bill:
    """One invoice. `stops_day`: the contract ends then because nobody could collect."""

    issued_day: int
    due_on: date
    amount_cents: int
    attempts: list[Attempt]
    stops_day: int | None

    @property
    def paid_day(self) -> float | None:
        last = self.attempts[-1]
        return last.day if last.succeeded else None


def billed(
    dates: list[date], every_months: int, mrr_cents: int, method: int, rng: np.random.Generator
) -> list[Bill]:
    """Invoices of one contract, paid in advance."""
    return [_bill(issued_on, mrr_cents * every_months, method, rng) for issued_on in dates]


def billing_dates(start_on: date, term_months: int, every_months: int) -> list[date]:
    return [add_months(start_on, month) for month in range(0, term_months, every_months)]


def _bill(issued_on: date, amount_cents: int, method: int, rng: np.random.Generator) -> Bill:
    day = day_of(issued_on)
    if method == _TRANSFER:
        late = rng.exponential(12.0) if rng.random() < 0.12 else 0.0
        paid = Attempt(day + 8 + 20 * rng.random() + late, True, None)
        return Bill(day, date_of(day + 30), amount_cents, [paid], None)
    attempts = list(_charges(day, float(CHARGE_FAILS[method]), rng))
    stops = None if attempts[-1].succeeded else day + COLLECTION.ends_after_days
    return Bill(day, date_of(day + 14), amount_cents, attempts, stops)


def _charges(day: int, fails: float, rng: np.random.Generator) -> Iterator[Attempt]:
    """The first charge on the day of issue, then retries until one succeeds or none is left."""
    chances = [fails, *[COLLECTION.retry_fails] * len(COLLECTION.retry_days)]
    for wait, chance in zip((0, *COLLECTION.retry_days), chances, strict=True):
        succeeded = rng.random() >= chance
        code = None if succeeded else _DECLINES[int(rng.integers(0, len(_DECLINES)))]
        yield Attempt(day + wait + 0.2 + 0.3 * rng.random(), bool(succeeded), code)
        if succeeded:
            return

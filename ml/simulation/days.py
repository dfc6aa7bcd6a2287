"""Use by day, as the usage service counts it where the zone is UTC."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final, NamedTuple
from uuid import UUID

import numpy as np

from ml.simulation import catalogue
from ml.simulation.clock import date_of, moments, seconds
from ml.simulation.people import Person
from ml.simulation.planted import Ints
from ml.simulation.usage import Happened

DAY_S: Final = 86_400
CHUNK: Final = 100_000
"""Days put together at a time."""


class Day(NamedTuple):
    """A member's use of a feature on a day, as far as it became known on another."""

    account_id: UUID
    day: date
    member: str
    feature: str
    known_on: date
    events: int
    quantity: Decimal
    last_at: datetime
    recorded_at: datetime


def days(use: Happened, people: list[Person], accounts: list[UUID]) -> Iterator[Day]:
    """Every day of use, an account's side by side."""
    member = [str(person.id) for person in people]
    feature = [item.name for item in catalogue.FEATURES]
    of = np.array([person.account for person in people])
    day, known_on = (seconds(at) // DAY_S for at in (use.occurred, use.recorded))
    keys = (of[use.person], day, use.person, use.feature, known_on)
    order = np.lexsort(keys[::-1])
    starts = _starts([key[order] for key in keys])
    events = np.diff(starts, append=len(order))
    for at in range(0, len(starts), CHUNK):
        part = slice(at, at + CHUNK)
        first = order[starts[part]]
        span = slice(starts[at], starts[at + CHUNK] if at + CHUNK < len(starts) else None)
        offsets = starts[part] - starts[at]
        sums = _summed(use, order[span], offsets)
        for key, count, quantity, last, recorded in zip(
            zip(*(key[first].tolist() for key in keys), strict=True),
            events[part].tolist(),
            *sums,
            strict=True,
        ):
            numbers: tuple[int, ...] = key
            account, on, person, what, recorded_on = numbers
            yield Day(
                accounts[account],
                _date(on),
                member[person],
                feature[what],
                _date(recorded_on),
                count,
                _decimal(quantity),
                last,
                recorded,
            )


def _starts(keys: list[Ints]) -> Ints:
    """Where a new combination begins in sorted keys."""
    changes = np.zeros(len(keys[0]), dtype=np.bool_)
    for key in keys:
        changes[1:] |= key[1:] != key[:-1]
    changes[:1] = True
    return np.flatnonzero(changes)


def _summed(use: Happened, rows: Ints, starts: Ints) -> tuple[list[Any], ...]:
    """Amount, last moment of use and last moment of becoming known, by combination."""
    quantity = np.add.reduceat(use.quantity[rows], starts).tolist()
    last, recorded = (
        moments(np.maximum.reduceat(at[rows], starts)) for at in (use.occurred, use.recorded)
    )
    return quantity, last, recorded


@cache
def _date(day: int) -> date:
    return date_of(day)


@cache
def _decimal(quantity: int) -> Decimal:
    return Decimal(quantity)

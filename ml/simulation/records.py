"""What the vendor's systems hold: records that begin after its first customers had signed."""

from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import numpy as np

from ml.simulation.clock import moment
from ml.simulation.contracts import Chain
from ml.simulation.people import Person
from ml.simulation.planted import Ints

HAPPENED: Final[dict[str, Callable[[Any], datetime]]] = {
    "events": lambda row: row.occurred_at,
    "tickets": lambda row: row.opened_at,
    "payments": lambda row: row.attempted_at,
}
"""Kinds that were not brought over: nothing is there of what happened before the records."""

OVER: Final[dict[str, Callable[[Any], datetime | None]]] = {
    "members": lambda row: row.ended_at,
    "subscriptions": lambda row: row.ended_at,
    "invoices": lambda row: row.paid_at,
}
"""Kinds of which only what was still open was brought over."""

PERSON: Final[dict[str, Callable[[Any], UUID]]] = {
    "members": lambda row: row.id,
    "progress": lambda row: row.member_id,
}
THING: Final[dict[str, Callable[[Any], object]]] = {
    "payment-methods": lambda row: row.account_id,
    "features": lambda row: row.key,
}
"""What a row is a version of, where that is not its `id`."""


@dataclass(frozen=True, slots=True)
class Records:
    """Records that begin on a day, with the state of that midnight brought over."""

    day: int

    def chains(self, chains: list[Chain]) -> list[Chain]:
        """Spells on record: those of who was a customer on the day, with all their past, and later.

        Who had been lost by then is absent; if it came back later, as a customer never seen before.
        """
        accounts = {
            chain.account for chain in chains if chain.start_day <= self.day < chain.end_day
        }
        return [chain for chain in chains if chain.account in accounts or chain.end_day > self.day]

    def leavers(self, people: list[Person]) -> frozenset[UUID]:
        """Members who had left by then."""
        return frozenset(person.id for person in people if person.end <= self.day)

    def recorded_rows(
        self, kind: str, candidates: Iterable[Any], leavers: Set[UUID]
    ) -> Iterator[Any]:
        """The rows of a kind as they came onto record; versions of a thing come in their order."""
        begin = moment(self.day)
        if happened := HAPPENED.get(kind):
            yield from (row for row in candidates if happened(row) >= begin)
            return
        person, thing, over = PERSON.get(kind), THING.get(kind, _id), OVER.get(kind, _never)
        rows = [row for row in candidates if person is None or person(row) not in leavers]
        stood = {thing(row): row for row in rows if row.recorded_at < begin}
        for row in rows:
            if row.recorded_at >= begin:
                yield row
            elif stood[thing(row)] is row and over(row) is None:
                yield msgspec.structs.replace(row, recorded_at=begin)


def _id(row: Any) -> object:
    return row.id


def _never(_: Any) -> None:
    """Things that are not over, or stay on record for good."""


def first_days(chains: list[Chain], companies: int) -> Ints:
    """The first day of each company's first spell among these; −1 of who has none."""
    days = np.full(companies, -1, dtype=np.int64)
    for chain in reversed(chains):
        days[chain.account] = chain.start_day
    return days

"""Money: whole minor units and a currency; never a float."""

from dataclasses import dataclass
from typing import Annotated, TypeAlias

import msgspec

from shared.vocabulary.errors import Conflict

Currency: TypeAlias = Annotated[
    str,
    msgspec.Meta(pattern="^[A-Za-z]{3}$", description="an ISO 4217 code of three letters, as EUR"),
]
"""A field of a row, in capitals or not."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of an ISO 4217 currency."""

    cents: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise Conflict(f"{self.currency} and {other.currency} do not add up")
        return Money(self.cents + other.cents, self.currency)

    def times(self, share: float) -> "Money":
        """A share of the amount, rounded to the nearest minor unit."""
        return Money(round(self.cents * share), self.currency)

"""Money: whole minor units and a currency; never a float."""

from dataclasses import dataclass

from shared.vocabulary.errors import Conflict


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

"""Moments of prediction, and what a service tells the model about an account there."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID

FeatureRow: TypeAlias = dict[str, float | str | bool | None]
"""Feature name (unit in the name) to value; None is unknown, an absent key not applicable."""


Half: TypeAlias = Literal[0, 1]
"""One of two halves of what was seen: every member, ticket or invoice lies in one, for good.

Told of a half, signals differ by chance alone; how much says how far the whole may be off.
"""

HALVES: Final[tuple[Half, ...]] = (0, 1)

VOLUNTARY: Final = "voluntary"
INVOLUNTARY: Final = "involuntary"
CAUSES: Final = (VOLUNTARY, INVOLUNTARY)
"""Why a contract ends: the customer leaves, or nobody could collect the payment."""


@dataclass(frozen=True, slots=True)
class Landmark:
    """Only what was recorded before `as_of` is known."""

    account_id: UUID
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Spell:
    """Continuous coverage by contracts; `ended_on`: lost, and none followed in 30 days.

    `cause` is one of `CAUSES`, or None while it goes on; a loss that nobody gave a reason for
    counts as voluntary. `known_on` is the day it was first heard of, where that was not its start.
    """

    account_id: UUID
    start_on: date
    ended_on: date | None
    cause: str | None = None
    known_on: date | None = None

    @property
    def seen_from(self) -> date:
        """The day from which on the account was known to be under contract."""
        return max(self.start_on, self.known_on or self.start_on)

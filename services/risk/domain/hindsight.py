"""Looking back: how contracts ended, what was served before, and what people had expected."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from services.risk.domain.scores import Inputs, RiskScore

LOOKS_DAYS: Final = (90, 60, 30)
"""Days before a loss at which one looks back."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A contract that ended on a day, renewed or not."""

    contract_id: UUID
    account_id: UUID
    ended_on: date
    renewed: bool

    def moment(self, days: int) -> datetime:
        """The start (UTC) of the day so many days before the end."""
        return datetime.combine(self.ended_on - timedelta(days=days), time(), UTC)


@dataclass(frozen=True, slots=True)
class Look:
    """What was served so many days before a loss, and the inputs known to it; None: nothing."""

    days_before: int
    at: datetime
    score: RiskScore | None
    inputs: Inputs


@dataclass(frozen=True, slots=True)
class PostMortem:
    """A lost contract with what was known and predicted before, as it was served then."""

    ended: Ended
    looks: list[Look]


@dataclass(frozen=True, slots=True)
class Expectation:
    """What somebody expected of an account's renewal, beside what the model said then."""

    expectation_id: UUID
    account_id: UUID
    renewal_probability: float
    stated_by: str
    stated_at: datetime
    model_probability: float | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Opinion:
    """What model and person said of a contract's renewal at the same moment, and what came."""

    account_id: UUID
    ended_on: date
    renewed: bool
    model: float
    person: float
    stated_by: str


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Brier scores of both on the same contracts, lower is better; None without any."""

    days_before: int
    model_brier: float | None
    person_brier: float | None
    opinions: list[Opinion]

    @classmethod
    def of(cls, days_before: int, opinions: Sequence[Opinion]) -> "Disagreement":
        """Score what was said."""
        return cls(
            days_before,
            _brier([(one.model, one.renewed) for one in opinions]),
            _brier([(one.person, one.renewed) for one in opinions]),
            list(opinions),
        )


def _brier(said: Sequence[tuple[float, bool]]) -> float | None:
    """Mean square of what was said less what came."""
    if not said:
        return None
    return sum((chance - came) ** 2 for chance, came in said) / len(said)

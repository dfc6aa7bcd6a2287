"""Looking back: how contracts ended, what was served before, and what people had expected."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from services.risk.domain.inputs import Inputs
from services.risk.domain.scores import RiskScore

LOOKS_DAYS: Final = (90, 60, 30)
"""How many days before a loss to look back from it."""


@dataclass(frozen=True, slots=True)
class ContractEnd:
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
    """What was served so many days before a loss, if anything, and its inputs."""

    days_before: int
    at: datetime
    score: RiskScore | None
    inputs: Inputs


@dataclass(frozen=True, slots=True)
class PostMortem:
    """A lost contract with what was known and predicted before, as it was served then."""

    contract: ContractEnd
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
        model = _brier([(opinion.model, opinion.renewed) for opinion in opinions])
        person = _brier([(opinion.person, opinion.renewed) for opinion in opinions])
        return cls(days_before, model, person, list(opinions))


def _brier(outcomes: Sequence[tuple[float, bool]]) -> float | None:
    """Mean square of the chance less what came."""
    if not outcomes:
        return None
    return sum((chance - renewed) ** 2 for chance, renewed in outcomes) / len(outcomes)

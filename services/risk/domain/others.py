"""Facts of other services, as far as risk reads them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

DECIDED: Final = {"renewed": True, "contracted": True, "expanded": True, "lost": False}
"""Whether a contract with this outcome was renewed; others are open."""


@dataclass(frozen=True, slots=True)
class AnyFact:
    """Any fact, read for its account alone."""

    account_id: UUID


@dataclass(frozen=True, slots=True)
class ContractFact:
    """A contract was signed or changed."""

    account_id: UUID
    contract_id: UUID
    recorded_at: datetime
    end_on: date | None = None
    ended_on: date | None = None
    outcome: str = "pending"

    @property
    def last_on(self) -> date | None:
        """The day on which it ended, once that is decided."""
        return (self.ended_on or self.end_on) if self.outcome in DECIDED else None

    @property
    def renewed(self) -> bool | None:
        """Whether it was renewed then; None while it is open."""
        return DECIDED[self.outcome] if self.last_on else None

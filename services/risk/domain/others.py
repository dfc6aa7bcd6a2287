"""What other services say, as far as risk reads it."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from services.risk.domain.hindsight import Ended

DECIDED: Final = {"renewed": True, "contracted": True, "expanded": True, "lost": False}
"""Whether a contract with this outcome was renewed; others are open."""


@dataclass(frozen=True, slots=True)
class AnyFact:
    """Whatever is told: of which account."""

    account_id: UUID


@dataclass(frozen=True, slots=True)
class ContractFact:
    """A contract was signed or changed."""

    account_id: UUID
    contract_id: UUID
    end_on: date | None = None
    ended_on: date | None = None
    outcome: str = "pending"

    @property
    def ended(self) -> Ended | None:
        """How it ended; None while it is open."""
        day = self.ended_on or self.end_on
        if day is None or self.outcome not in DECIDED:
            return None
        return Ended(self.contract_id, self.account_id, day, DECIDED[self.outcome])

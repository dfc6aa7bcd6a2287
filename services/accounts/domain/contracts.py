"""What a customer signed, and where that leaves it."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

ONBOARDING_DAYS = 90
RENEWAL_WINDOW_DAYS = 90


class Outcome(StrEnum):
    """What became of a contract at its renewal (definition A1)."""

    PENDING = "pending"
    RENEWED = "renewed"
    CONTRACTED = "contracted"
    EXPANDED = "expanded"
    LOST = "lost"


class EndReason(StrEnum):
    """Why a contract ended."""

    VOLUNTARY = "voluntary"
    INVOLUNTARY = "involuntary"


class LifecycleStage(StrEnum):
    """Where an account stands (A8, first version: by contract dates; milestones come later)."""

    ONBOARDING = "onboarding"
    ADOPTION = "adoption"
    RENEWAL_WINDOW = "renewal_window"
    CHURNED = "churned"


@dataclass(frozen=True, slots=True)
class Contract:
    """What an account signed; `renewal_on` is its next renewal seen from the moment asked for."""

    id: UUID
    account_id: UUID
    external_id: str | None
    start_on: date
    end_on: date | None
    term_months: int
    auto_renew: bool
    notice_days: int | None
    seats: int | None
    mrr_cents: int | None
    currency: str | None
    ended_on: date | None
    outcome: Outcome
    end_reason: EndReason | None
    renewal_on: date | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """All contracts of an account as of a day; from `closes_on` on none runs (year 9999: open)."""

    account_id: UUID
    day: date
    first_start_on: date
    closes_on: date
    renewal_on: date | None

    @property
    def stage(self) -> LifecycleStage:
        if self.closes_on <= self.day:
            return LifecycleStage.CHURNED
        if (self.day - self.first_start_on).days < ONBOARDING_DAYS:
            return LifecycleStage.ONBOARDING
        if self.renewal_on and (self.renewal_on - self.day).days <= RENEWAL_WINDOW_DAYS:
            return LifecycleStage.RENEWAL_WINDOW
        return LifecycleStage.ADOPTION


def stage_of(standing: Standing | None) -> LifecycleStage:
    """Who has not signed anything yet is still being brought on board."""
    return standing.stage if standing else LifecycleStage.ONBOARDING


@dataclass(frozen=True, slots=True)
class ContractChanged:
    """A contract of the account was signed or changed; one fact a version, in order."""

    account_id: UUID
    contract_id: UUID
    start_on: date
    ended_on: date | None
    seats: int | None
    recorded_at: datetime
    end_on: date | None
    term_months: int
    outcome: Outcome

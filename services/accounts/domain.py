"""What accounts knows: who the customers are, what they signed, and where they stand with it."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from shared.vocabulary.metric import MetricValue

ONBOARDING_DAYS = 90
RENEWAL_WINDOW_DAYS = 90

Trait: TypeAlias = str | int | float | bool | None


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


class Severity(StrEnum):
    """How much a ticket hurts; high and urgent count as high severity."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class TicketClass(StrEnum):
    """What a ticket is about (definition F1)."""

    LOGIN = "login"
    HOW_TO_BASIC = "how_to_basic"
    HOW_TO_ADVANCED = "how_to_advanced"
    BUG = "bug"
    BILLING = "billing"


class LifecycleStage(StrEnum):
    """Where an account stands (A8, first version: by contract dates; milestones come later)."""

    ONBOARDING = "onboarding"
    ADOPTION = "adoption"
    RENEWAL_WINDOW = "renewal_window"
    CHURNED = "churned"


class AccountOrder(StrEnum):
    """How a list of accounts is sorted."""

    NAME = "name"
    CREATED = "created"
    ID = "id"


@dataclass(frozen=True, slots=True)
class ExternalId:
    """The name another system gives an account."""

    source: str
    external_id: str


@dataclass(frozen=True, slots=True)
class Account:
    """A customer company as it was known at a moment."""

    id: UUID
    name: str
    traits: dict[str, Trait]
    tags: list[str]
    intended_users: int | None
    industry: str | None
    created_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """Which accounts a list shows; what is None does not narrow it."""

    name_contains: str | None = None
    tag: str | None = None
    external_id: ExternalId | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A person of an account; `level` of knowledge 0–4. Internal ones are no customers."""

    id: UUID
    account_id: UUID
    external_id: str | None
    email: str | None
    role: str | None
    level: int | None
    started_at: datetime
    ended_at: datetime | None
    internal: bool
    recorded_at: datetime


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
class SupportSummary:
    """Tickets of an account up to a moment (definitions F1 and F3)."""

    account_id: UUID
    as_of: datetime
    tickets_28d: MetricValue
    tickets_90d: MetricValue
    open_high_severity: MetricValue
    replied_within_24h: MetricValue
    first_reply_median_s: MetricValue


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a ticket has waited for its first reply; `answered` is false while it still does."""

    seconds: float
    answered: bool


def median_wait_s(waits: list[Wait]) -> float | None:
    """Kaplan–Meier median, so that tickets still waiting count; None while most do."""
    waiting, left = 1.0, len(waits)
    for wait in sorted(waits, key=lambda wait: (wait.seconds, not wait.answered)):
        if wait.answered:
            waiting *= 1 - 1 / left
            if waiting <= 0.5 + 1e-12:
                return wait.seconds
        left -= 1
    return None


@dataclass(frozen=True, slots=True)
class AccountCreated:
    """An account is known for the first time, under these names."""

    account_id: UUID
    name: str
    external_ids: list[ExternalId]
    intended_users: int | None
    internal: bool
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class AccountChanged:
    """An account has a new version, or another name elsewhere."""

    account_id: UUID
    name: str
    external_ids: list[ExternalId]
    intended_users: int | None
    internal: bool
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class MemberAdded:
    """A member is known for the first time."""

    account_id: UUID
    member_id: UUID
    external_id: str | None
    role: str | None
    level: int | None
    added_at: datetime
    ended_at: datetime | None
    internal: bool
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class MemberChanged:
    """A member has a new version."""

    account_id: UUID
    member_id: UUID
    external_id: str | None
    role: str | None
    level: int | None
    added_at: datetime
    ended_at: datetime | None
    internal: bool
    recorded_at: datetime


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


@dataclass(frozen=True, slots=True)
class SupportChanged:
    """Tickets of the account were opened or changed."""

    account_id: UUID

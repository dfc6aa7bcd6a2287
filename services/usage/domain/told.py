"""What other services tell that signals stand on; only what we use of it."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AccountSaid:
    """AccountCreated, AccountChanged: for how many; a test account is internal."""

    account_id: UUID
    intended_users: int | None = None
    internal: bool = False
    recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MemberKnown:
    """MemberAdded, MemberChanged: a person of an account; internal ones are never counted."""

    account_id: UUID
    member_id: UUID
    external_id: str | None
    role: str | None
    added_at: datetime
    ended_at: datetime | None = None
    internal: bool = False
    recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A version of a plan line."""

    id: str
    plan: str
    quantity: int
    started_at: datetime
    ended_at: datetime | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class BillingChanged:
    """Plan lines that changed; none where something else of billing did."""

    account_id: UUID
    lines: list[PlanLine] = field(default_factory=list[PlanLine])


@dataclass(frozen=True, slots=True)
class Completion:
    """That a member completed a course."""

    member_id: UUID
    course: str
    completed_at: datetime
    recorded_at: datetime
    required: bool = True


@dataclass(frozen=True, slots=True)
class LearningChanged:
    """Courses that were completed; none where other progress was made."""

    account_id: UUID
    completed: list[Completion] = field(default_factory=list[Completion])

"""What other services say, as far as usage reads it; what is absent was not told yet."""

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from services.usage.domain.events import ExternalId


@dataclass(frozen=True, slots=True)
class AccountName:
    """What another system calls an account."""

    source: str
    external_id: str


@dataclass(frozen=True, slots=True)
class AccountFact:
    """An account is there, under these names, for so many users; a test account is internal."""

    account_id: UUID
    external_ids: list[AccountName]
    recorded_at: datetime
    intended_users: int | None = None
    internal: bool = False

    @property
    def externals(self) -> list[ExternalId]:
        return [ExternalId(name.source, name.external_id) for name in self.external_ids]


@dataclass(frozen=True, slots=True)
class ContractFact:
    """A contract was signed or changed; it gives seats from `start_on` to before `ended_on`."""

    account_id: UUID
    contract_id: UUID
    recorded_at: datetime
    seats: int | None = None
    start_on: date | None = None
    ended_on: date | None = None
    end_on: date | None = None
    term_months: int | None = None
    outcome: str = "pending"


@dataclass(frozen=True, slots=True)
class MemberFact:
    """A member was added or changed; internal ones are never counted."""

    account_id: UUID
    member_id: UUID
    added_at: datetime
    recorded_at: datetime
    external_id: str | None = None
    role: str | None = None
    ended_at: datetime | None = None
    internal: bool = False


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A version of a plan line."""

    id: str
    plan: str
    quantity: int
    started_at: datetime
    recorded_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BillingFact:
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
class LearningFact:
    """Courses that were completed; none where other progress was made."""

    account_id: UUID
    completed: list[Completion] = field(default_factory=list[Completion])

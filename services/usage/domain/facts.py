"""Facts: ours, and of those that other services send what we use."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.usage.domain.events import ExternalId


@dataclass(frozen=True, slots=True)
class UsageRecorded:
    """New events of the account count; everything recorded until `through` is in."""

    account_id: UUID
    through: datetime


@dataclass(frozen=True, slots=True)
class AccountName:
    """What another system calls an account, as accounts says it."""

    source: str
    external_id: str


@dataclass(frozen=True, slots=True)
class AccountNamed:
    """An account exists under these names: AccountCreated, AccountChanged."""

    account_id: UUID
    external_ids: list[AccountName]

    @property
    def externals(self) -> list[ExternalId]:
        return [ExternalId(name.source, name.external_id) for name in self.external_ids]


@dataclass(frozen=True, slots=True)
class ContractChanged:
    """What the newest contract of an account gives, from `start_on` to before `ended_on`."""

    account_id: UUID
    contract_id: UUID
    seats: int | None = None
    start_on: date | None = None
    ended_on: date | None = None
    recorded_at: datetime | None = None
    end_on: date | None = None
    term_months: int | None = None
    outcome: str = "pending"

"""What accounts knows of a customer's people."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


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
class MemberFact:
    """What other services receive about a member."""

    account_id: UUID
    member_id: UUID
    external_id: str | None
    role: str | None
    level: int | None
    added_at: datetime
    ended_at: datetime | None
    internal: bool
    recorded_at: datetime


class MemberAdded(MemberFact):
    """A member is known for the first time."""


class MemberChanged(MemberFact):
    """A member has a new version."""

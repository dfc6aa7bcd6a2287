"""What other services say, as far as learning reads it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class MemberFact:
    """A member was added or changed; `level` of knowledge 0–4."""

    account_id: UUID
    member_id: UUID
    added_at: datetime
    recorded_at: datetime
    external_id: str | None = None
    role: str | None = None
    level: int | None = None
    ended_at: datetime | None = None

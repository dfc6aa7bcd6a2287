"""What usage tells others."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class UsageRecorded:
    """New events of the account count; everything recorded until `through` is in."""

    account_id: UUID
    through: datetime

"""What makes a new score necessary, and how far scoring has come."""

from dataclasses import dataclass
from enum import StrEnum


class UpdateReason(StrEnum):
    NEW_DATA = "NEW_DATA"
    NEW_MODEL = "NEW_MODEL"
    REQUESTED = "REQUESTED"
    TIME = "TIME"


@dataclass(frozen=True, slots=True)
class ScoringProgress:
    """How far scoring has come; accounts without an open contract are known, never scored."""

    accounts_known: int
    scored: int
    pending: int
    has_champion: bool

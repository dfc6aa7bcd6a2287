"""The feature catalogue: what can be used, and what use of it means."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

Tier: TypeAlias = Literal["basic", "intermediate", "advanced"]


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature as it is listed; of one that was only seen in events nothing else is known."""

    key: str
    title: str
    catalogued: bool
    tier: Tier | None
    sticky: bool
    core: bool
    plans: list[str]
    milestone: str | None
    persona: str | None
    qualifying: bool
    first_seen_at: datetime | None
    recorded_at: datetime | None

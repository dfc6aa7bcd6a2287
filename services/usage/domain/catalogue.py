"""The feature catalogue: what can be used, and what use of it means."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from services.usage.domain.events import Name
from shared.intake.rows import Row

Tier: TypeAlias = Literal["basic", "intermediate", "advanced"]


class DescribedRow(Row, kw_only=True):
    """A feature as it is from now on; no plans means that every plan has it."""

    key: Name
    title: Name | None = None
    tier: Tier = "basic"
    sticky: bool = False
    core: bool = False
    plans: Annotated[list[Name], Meta(max_length=100)] = msgspec.field(default_factory=list[str])
    milestone: Name | None = None
    persona: Name | None = None
    qualifying: bool = True


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

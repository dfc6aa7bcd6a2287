"""What is kept of a published model."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A published model; `events` counts those of its `accounts` that churned."""

    model_id: UUID
    version: str
    aliases: list[str]
    checksum: str
    trained_at: datetime
    published_at: datetime
    data_from: date
    data_to: date
    accounts: int
    events: int
    metrics: dict[str, float]
    features: list[str]

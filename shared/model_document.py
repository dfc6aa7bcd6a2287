"""A trained forecast on its way from training to the risk service."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class ModelDocument:
    """The exported model and what is known about it.

    `version` is derived from the document: the same bytes have the same version. `checksum` is
    the document's SHA-256 in hexadecimal. `accounts` and `events` count the accounts trained on
    and those of them that churned between `data_from` and `data_to`.
    """

    version: str
    document: bytes
    checksum: str
    trained_at: datetime
    data_from: date
    data_to: date
    accounts: int
    events: int
    metrics: dict[str, float]

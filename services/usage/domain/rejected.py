"""Rows that were turned away, as they are kept and listed."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from shared.intake.rows import Receipt

KEPT_FOR = timedelta(days=30)
KEPT_MOST = 100_000
"""For one tenant; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was turned away; sent again it is the same one, received later."""

    key: bytes
    event_id: str | None
    field: str | None
    value: str | None
    reason: str
    first_at: datetime
    received_at: datetime
    times: int


@dataclass(frozen=True, slots=True)
class Refused:
    """What is kept of a receipt."""

    key: bytes
    event_id: str | None
    field: str | None
    value: str | None
    reason: str


def refused(receipt: Receipt) -> Refused:
    """The receipt of a rejected row, in characters that PostgreSQL keeps."""
    said = (receipt.id, receipt.field, receipt.value, receipt.message)
    event_id, field, value, reason = (_text(part) for part in said)
    key = hashlib.sha256(msgspec.msgpack.encode((event_id, field, value, reason))).digest()[:16]
    return Refused(key, event_id, field, value, reason or "")


def _text(given: str | None) -> str | None:
    if given is None:
        return None
    return given.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()[:500]

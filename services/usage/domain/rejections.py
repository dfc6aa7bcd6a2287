"""Rows that were turned away, as they are kept and listed."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from shared.intake.rows import Receipt

KEEP_FOR = timedelta(days=30)
MAX_KEPT = 100_000
"""For one tenant; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a row was turned away; the same row has the same key when it is sent again."""

    key: bytes
    event_id: str | None
    field: str | None
    value: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class RejectedEvent(Rejection):
    """A row that was turned away, as it is listed."""

    first_at: datetime
    received_at: datetime
    times: int


def rejection(receipt: Receipt) -> Rejection:
    """What is kept of a rejected row's receipt, in characters that PostgreSQL keeps."""
    parts = (receipt.id, receipt.field, receipt.value, receipt.message)
    event_id, field, value, reason = (_text(part) for part in parts)
    key = hashlib.sha256(msgspec.msgpack.encode((event_id, field, value, reason))).digest()[:16]
    return Rejection(key, event_id, field, value, reason or "")


def _text(part: str | None) -> str | None:
    if part is None:
        return None
    return part.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()[:500]

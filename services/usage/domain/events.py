"""Usage events: as they arrive, as they are kept, and the rules they must meet."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec

from shared.intake.rows import Receipt, Row
from shared.vocabulary.errors import InvalidInput
from shared.vocabulary.ids import account_key
from shared.vocabulary.moments import Moment

MAX_AHEAD = timedelta(minutes=5)
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class ExternalId(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """What another system calls an account."""

    source: Name
    id: Name


class EventRow(Row):
    """A usage event as it arrives; `id` is unique within `source`, the system that names events."""

    id: Name
    feature: Name
    occurred_at: Moment
    source: Annotated[str, msgspec.Meta(max_length=200)] = ""
    account_id: str | None = None
    external_id: ExternalId | None = None
    member_id: Name | None = None
    quantity: Annotated[float, msgspec.Meta(gt=0, le=1e9)] = 1.0
    properties: dict[str, Any] | None = None


class Address(msgspec.Struct, frozen=True, gc=False):
    """The account an event names: by its id, or by what another system calls it."""

    account_id: UUID | None = None
    external: ExternalId | None = None


class Event(msgspec.Struct, frozen=True, gc=False):
    """A usage event that meets every rule; `body` tells a resent event from a different one."""

    key: bytes
    address: Address
    occurred_at: datetime
    recorded_at: datetime
    quantity: float
    body: bytes
    feature: str
    member: str | None
    properties: str | None
    event_id: str


def event(row: EventRow) -> Event:
    """The row as an event; InvalidInput names the field that is not allowed."""
    _check_times(row)
    properties = _canonical(row.properties)
    return Event(
        key=hashlib.sha256(f"{row.source}\0{row.id}".encode()).digest()[:16],
        address=_address(row),
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at or row.occurred_at,
        quantity=row.quantity,
        body=fingerprint(row, row.occurred_at, properties),
        feature=row.feature,
        member=row.member_id,
        properties=properties,
        event_id=row.id,
    )


def fingerprint(row: EventRow, said_at: datetime, properties: str | None) -> bytes:
    """What tells a resent event from a different one under the same id."""
    content = (row.feature, row.member_id, said_at.astimezone(UTC), row.quantity, properties)
    return hashlib.sha256(msgspec.msgpack.encode(content)).digest()[:16]


def _check_times(row: EventRow) -> None:
    recorded_at = row.recorded_at or row.occurred_at
    if row.occurred_at < EARLIEST:
        raise InvalidInput("occurredAt", row.occurred_at.isoformat(), "1970 or later")
    if row.occurred_at - recorded_at > MAX_AHEAD:
        raise InvalidInput(
            "occurredAt",
            row.occurred_at.isoformat(),
            f"at most 5 minutes after it was recorded, {recorded_at.isoformat(timespec='seconds')}",
        )


def _address(row: EventRow) -> Address:
    if row.account_id is None and row.external_id is None:
        raise InvalidInput("accountId", None, "accountId or externalId")
    if row.account_id is None:
        return Address(external=row.external_id)
    if row.external_id is not None:
        raise InvalidInput("externalId", row.external_id.id, "accountId or externalId, not both")
    return Address(account_id=account_key(row.account_id))


def _canonical(properties: dict[str, Any] | None) -> str | None:
    if properties is None:
        return None
    try:
        return msgspec.json.encode(properties, order="sorted").decode()
    except (RecursionError, OverflowError) as error:
        raise InvalidInput("properties", None, "an object that is nested less deep") from error


def receipt(number: int, event: Event, status: str, remark: str | None = None) -> Receipt:
    """What became of an event."""
    if status == "conflict":
        why = "an event with this id was recorded before and says something else; it stands"
        return Receipt(number, status, event.event_id, "id", event.event_id[:80], why)
    return Receipt(number, status, event.event_id, message=remark)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """What is kept under a key: an event, or one that still waits for its account."""

    address: Address
    body: bytes
    is_pending: bool

    def status(self, again: Event, accounts: Mapping[Address, UUID]) -> str:
        """What to answer who sends an event under a key that is taken."""
        address = again.address
        if not self.is_pending and address in accounts:
            address = Address(account_id=accounts[address])
        if (address, again.body) != (self.address, self.body):
            return "conflict"
        return "pending" if self.is_pending else "duplicate"


@dataclass(frozen=True, slots=True)
class PendingEvent:
    """A pending event, as it is listed."""

    event_id: str
    account_id: UUID | None
    external_source: str | None
    external_id: str | None
    feature: str
    occurred_at: datetime
    received_at: datetime

"""Usage: what members did, how it is counted, and the rules an event must meet."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec

from shared.errors import InvalidInput
from shared.ids import account_key
from shared.ingest import Receipt, Row
from shared.metric import MetricValue, count, ratio

AHEAD_MOST = timedelta(minutes=5)
LATE_AFTER = timedelta(days=30)
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
WEEKS_LEAST = 8
"""U15: fewer full weeks say nothing about a trend."""

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class ExternalId(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What another system calls an account."""

    source: Name
    id: Name


class EventRow(Row):
    """A usage event as it arrives; `id` is unique within `source`, the system that names events."""

    id: Name
    feature: Name
    occurred_at: Annotated[datetime, msgspec.Meta(tz=True)]
    source: Annotated[str, msgspec.Meta(max_length=200)] = ""
    account_id: str | None = None
    external_id: ExternalId | None = None
    member_id: Name | None = None
    quantity: Annotated[float, msgspec.Meta(gt=0, le=1e9)] = 1.0
    properties: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """The account an event names: by its id, or by what another system calls it."""

    account_id: UUID | None = None
    external: ExternalId | None = None


@dataclass(frozen=True, slots=True)
class Event:
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

    @property
    def is_late(self) -> bool:
        """Whether it became known so long after it happened that old reports have been read."""
        return self.recorded_at - self.occurred_at > LATE_AFTER


def event(row: EventRow) -> Event:
    """The row as an event; InvalidInput names the field that is not allowed."""
    _check_times(row)
    properties = _canonical(row.properties)
    said = (row.feature, row.member_id, row.occurred_at.astimezone(UTC), row.quantity, properties)
    return Event(
        key=hashlib.sha256(f"{row.source}\0{row.id}".encode()).digest()[:16],
        address=_address(row),
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at or row.occurred_at,
        quantity=row.quantity,
        body=hashlib.sha256(msgspec.msgpack.encode(said)).digest()[:16],
        feature=row.feature,
        member=row.member_id,
        properties=properties,
        event_id=row.id,
    )


def _check_times(row: EventRow) -> None:
    known = row.recorded_at or row.occurred_at
    if row.occurred_at < EARLIEST:
        raise InvalidInput("occurredAt", row.occurred_at.isoformat(), "1970 or later")
    if row.occurred_at - known > AHEAD_MOST:
        raise InvalidInput(
            "occurredAt",
            row.occurred_at.isoformat(),
            f"at most 5 minutes after it was recorded, {known.isoformat(timespec='seconds')}",
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
        raise InvalidInput("properties", None, f"a flatter object ({error})") from error


def receipt(number: int, taken: Event, status: str) -> Receipt:
    """What became of an event."""
    if status == "conflict":
        said = "an event with this id was recorded before and says something else; it stands"
        return Receipt(number, status, taken.event_id, "id", taken.event_id[:80], said)
    if status == "accepted" and taken.is_late:
        said = f"recorded more than {LATE_AFTER.days} days after it happened"
        return Receipt(number, "late", taken.event_id, message=said)
    return Receipt(number, status, taken.event_id)


@dataclass(frozen=True, slots=True)
class Stored:
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
class Waiting:
    """A pending event, as it is listed."""

    event_id: str
    account_id: UUID | None
    external_source: str | None
    external_id: str | None
    feature: str
    occurred_at: datetime
    received_at: datetime


# Facts. The first is ours; of the others, which accounts sends, we name only what we use.


@dataclass(frozen=True, slots=True)
class UsageRecorded:
    """New events of the account count; everything recorded until `through` is in."""

    account_id: UUID
    through: datetime


@dataclass(frozen=True, slots=True)
class AccountName:
    """What another system calls an account, as accounts says it."""

    source: str
    external_id: str


@dataclass(frozen=True, slots=True)
class AccountNamed:
    """An account exists under these names: AccountCreated, AccountChanged."""

    account_id: UUID
    external_ids: list[AccountName]

    @property
    def externals(self) -> list[ExternalId]:
        return [ExternalId(name.source, name.external_id) for name in self.external_ids]


@dataclass(frozen=True, slots=True)
class ContractChanged:
    """What the newest contract of an account gives, from `start_on` to before `ended_on`."""

    account_id: UUID
    contract_id: UUID
    seats: int | None = None
    start_on: date | None = None
    ended_on: date | None = None
    recorded_at: datetime | None = None


# Metrics.


@dataclass(frozen=True, slots=True)
class WeekOfUse:
    """Seven whole days in the tenant's zone."""

    start_at: datetime
    events: int


@dataclass(frozen=True, slots=True)
class UsageSummary:
    """How an account uses the product, as known at `as_of`."""

    account_id: UUID
    as_of: datetime
    events_28: MetricValue
    active_members_28: MetricValue
    regular_members_28: MetricValue
    features_used_28: MetricValue
    dau_mau: MetricValue
    seat_gap: MetricValue
    weekly_trend: MetricValue
    last_event_at: datetime | None
    weeks: list[WeekOfUse]


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted of one account; `since_28` opens 28 days of which the last may still run,
    `whole_since_28` 28 days that are over at `midnight`, `weeks_since` the full weeks before it."""

    account_id: UUID
    as_of: datetime
    midnight: datetime
    since_28: datetime
    whole_since_28: datetime
    weeks_since: datetime
    events: int
    features: int
    active: int
    regular: int
    monthly: int
    member_days: int
    weekly: list[int]
    week_starts: list[datetime]
    seats: int | None
    last_event_at: datetime | None
    freshness: datetime | None

    def summary(self) -> UsageSummary:
        """The metrics these counts make."""
        month = {"window_from": self.since_28, "window_to": self.as_of, "freshness": self.freshness}
        return UsageSummary(
            account_id=self.account_id,
            as_of=self.as_of,
            events_28=count("U8.events", self.events, **month),
            active_members_28=count("U1.active_members", self.active, **month),
            regular_members_28=ratio("U1", self.regular, self.active, **month),
            features_used_28=count("U4.features_used", self.features, **month),
            dau_mau=self._dau_mau(),
            seat_gap=self._seat_gap(),
            weekly_trend=self._trend(),
            last_event_at=self.last_event_at,
            weeks=[WeekOfUse(*week) for week in zip(self.week_starts, self.weekly, strict=True)],
        )

    def _dau_mau(self) -> MetricValue:
        """U14 by calendar days: mean daily members over distinct members, 28 whole days."""
        return ratio(
            "U14",
            self.member_days / 28,
            self.monthly,
            window_from=self.whole_since_28,
            window_to=self.midnight,
            freshness=self.freshness,
        )

    def _seat_gap(self) -> MetricValue:
        """U2: share of purchased seats nobody used in 28 days; never below 0, overuse is no gap."""
        seats = self.seats or 0
        return MetricValue(
            value=max(0.0, 1 - self.active / seats) if seats else None,
            definition="U2",
            version=1,
            n=seats,
            numerator=max(0, seats - self.active),
            denominator=seats,
            window_from=self.since_28,
            window_to=self.as_of,
            freshness=self.freshness,
        )

    def _trend(self) -> MetricValue:
        """U15: slope per week of log1p(events) over the last full weeks, at most 30."""
        return MetricValue(
            value=slope([math.log1p(events) for events in self.weekly]),
            definition="U15",
            version=1,
            n=len(self.weekly),
            window_from=self.weeks_since,
            window_to=self.midnight,
            freshness=self.freshness,
        )


def slope(values: list[float]) -> float | None:
    """Least-squares slope per step; None for fewer than eight values."""
    n = len(values)
    if n < WEEKS_LEAST:
        return None
    middle = (n - 1) / 2
    return sum((x - middle) * y for x, y in enumerate(values)) / (n * (n * n - 1) / 12)

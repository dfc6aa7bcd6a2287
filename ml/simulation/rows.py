"""Rows of the bulk API (docs/api-ingest.md); field names turn camelCase in JSON."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec

EndReason = Literal["voluntary", "involuntary"]
Outcome = Literal["pending", "renewed", "contracted", "expanded", "lost"]
Role = Literal["admin", "manager", "analyst", "user"]


class Row(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """What every kind has: the moment the source system knew it."""

    recorded_at: datetime


class ExternalId(msgspec.Struct):
    """The name another system gives an account."""

    source: str
    id: str


class Account(Row):
    id: UUID
    external_id: ExternalId
    name: str
    traits: dict[str, str | int | bool]
    created_at: datetime
    industry: str | None = None
    intended_users: int | None = None
    tags: list[str] = []


class Member(Row):
    id: UUID
    account_id: UUID
    external_id: str
    email: str
    role: Role
    level: int
    started_at: datetime
    ended_at: datetime | None = None


class Contract(Row):
    id: UUID
    account_id: UUID
    external_id: str
    start_on: date
    end_on: date
    term_months: int
    auto_renew: bool
    mrr_cents: int
    currency: str
    notice_days: int | None = None
    seats: int | None = None
    ended_on: date | None = None
    outcome: Outcome | None = None
    end_reason: EndReason | None = None


class Ticket(Row):
    id: UUID
    account_id: UUID
    opened_at: datetime
    severity: Literal["low", "normal", "high", "urgent"]
    ticket_class: Literal["login", "how_to_basic", "how_to_advanced", "bug", "billing"]
    channel: str
    first_reply_at: datetime | None = None
    resolved_at: datetime | None = None


class Event(Row):
    id: UUID
    account_id: UUID
    member_id: UUID
    feature: str
    occurred_at: datetime
    quantity: int


class Subscription(Row):
    id: UUID
    account_id: UUID
    plan: str
    quantity: int
    unit_price_cents: int
    interval: Literal["month", "quarter", "year", "week"]
    currency: str
    started_at: datetime
    discount_share: float = 0.0
    ended_at: datetime | None = None


class Invoice(Row):
    id: UUID
    account_id: UUID
    amount_cents: int
    currency: str
    issued_at: datetime
    due_on: date
    paid_at: datetime | None = None


class Payment(Row):
    id: UUID
    invoice_id: UUID
    account_id: UUID
    attempted_at: datetime
    succeeded: bool
    decline_code: str | None = None


class PaymentMethod(Row):
    account_id: UUID
    method: str
    valid_from: datetime


class Course(msgspec.Struct, rename="camel", kw_only=True):
    id: UUID
    code: str
    title: str
    minutes: int
    skill: str
    level: int
    roles: list[Role]
    modality: str
    prerequisites: list[str]
    language: str


class Feature(Row):
    key: str
    title: str
    tier: str
    sticky: bool
    core: bool
    plans: list[str]


class Progress(Row):
    id: UUID
    account_id: UUID
    member_id: UUID
    course_code: str
    kind: Literal["enrolled", "started", "completed", "assessed"]
    occurred_at: datetime
    score: float | None = None


class Batch(NamedTuple):
    """All rows of one kind, an account's rows side by side, versions of a thing in their order."""

    kind: str
    total: int
    rows: Iterable[msgspec.Struct]

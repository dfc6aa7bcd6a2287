"""Where the simulator's rows belong in the services' tables."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec


@dataclass(frozen=True, slots=True)
class Place:
    """A table, its columns, and those whose value has another name or form in the row."""

    schema: str
    table: str
    same: tuple[str, ...]
    other: dict[str, Callable[[Any], Any]]

    @property
    def columns(self) -> list[str]:
        """Names of the columns, as `records` gives their values."""
        return ["tenant_id", *self.same, *self.other, "digest"]

    def records(self, tenant_id: UUID, rows: Any) -> Iterator[tuple[Any, ...]]:
        """One record a row; nothing is sent again here, so the digest that tells is empty."""
        for row in rows:
            same = (getattr(row, name) for name in self.same)
            other = (value(row) for value in self.other.values())
            yield (tenant_id, *same, *other, b"")


def _text_id(row: Any) -> str:
    return str(row.id)


PLACES: Final = {
    "accounts": Place(
        "accounts", "account",
        ("id", "recorded_at", "name", "tags", "intended_users", "industry", "created_at"),
        {"traits": lambda row: msgspec.json.encode(row.traits).decode()},
    ),
    "members": Place(
        "accounts", "member",
        ("id", "recorded_at", "account_id", "external_id", "email", "role", "level", "started_at",
         "ended_at"),
        {},
    ),
    "contracts": Place(
        "accounts", "contract",
        ("id", "recorded_at", "account_id", "external_id", "start_on", "end_on", "term_months",
         "auto_renew", "notice_days", "seats", "mrr_cents", "currency", "ended_on", "end_reason"),
        {"outcome": lambda row: row.outcome or "pending"},
    ),
    "tickets": Place(
        "accounts", "ticket",
        ("recorded_at", "account_id", "opened_at", "severity", "ticket_class", "channel",
         "first_reply_at", "resolved_at"),
        {"id": _text_id},
    ),
    "subscriptions": Place(
        "billing", "subscription",
        ("recorded_at", "account_id", "plan", "quantity", "unit_price_cents", "interval",
         "currency", "started_at", "ended_at"),
        {"id": _text_id, "discount_share": lambda row: Decimal(str(row.discount_share))},
    ),
    "payment-methods": Place(
        "billing", "payment_method",
        ("account_id", "valid_from", "recorded_at", "method"),
        {"id": lambda row: str(row.account_id)},
    ),
    "invoices": Place(
        "billing", "invoice",
        ("recorded_at", "account_id", "amount_cents", "currency", "issued_at", "due_on", "paid_at"),
        {"id": _text_id},
    ),
    "payments": Place(
        "billing", "payment",
        ("recorded_at", "account_id", "attempted_at", "succeeded", "decline_code"),
        {"id": _text_id, "invoice_id": lambda row: str(row.invoice_id)},
    ),
    "progress": Place(
        "learning", "progress",
        ("recorded_at", "account_id", "member_id", "kind", "occurred_at", "score"),
        {"id": _text_id, "course": lambda row: row.course_code},
    ),
    "features": Place(
        "usage", "described",
        ("key", "recorded_at", "title", "tier", "sticky", "core", "plans"),
        {"qualifying": lambda _: True},
    ),
}  # fmt: skip
"""By kind of row, as docs/api-ingest.md names them."""

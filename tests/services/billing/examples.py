"""Rows as a caller sends them; each takes only what the test is about."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.billing.app import SERVICE
from shared.platform.auth import Principal
from shared.platform.db import Database
from tests.examples import send

ROUTES = {route.name.replace("-", "_").upper(): route for route in SERVICE.bulk_routes["ingest"]}
JANUARY = datetime(2025, 1, 1, tzinfo=UTC)
MAY = datetime(2025, 5, 1, tzinfo=UTC)
JUNE = datetime(2025, 6, 1, tzinfo=UTC)


def subscription(account: UUID, **values: Any) -> dict[str, Any]:
    return {
        "id": "sub-1", "accountId": account, "plan": "team", "quantity": 10,
        "unitPriceCents": 4_500, "interval": "month", "currency": "EUR",
        "startedAt": JANUARY, "recordedAt": JANUARY, **values,
    }  # fmt: skip


def invoice(account: UUID, **values: Any) -> dict[str, Any]:
    return {
        "id": "inv-1", "accountId": account, "amountCents": 45_000, "currency": "EUR",
        "issuedAt": JANUARY, "dueOn": "2025-01-31", "recordedAt": JANUARY, **values,
    }  # fmt: skip


def payment(account: UUID, **values: Any) -> dict[str, Any]:
    return {
        "id": "pay-1", "invoiceId": "inv-1", "accountId": account, "attemptedAt": MAY,
        "succeeded": False, "declineCode": "card_expired", "recordedAt": MAY, **values,
    }  # fmt: skip


def method(account: UUID, **values: Any) -> dict[str, Any]:
    return {
        "accountId": account, "method": "card",
        "validFrom": JANUARY, "recordedAt": JANUARY, **values,
    }  # fmt: skip


async def send_all(db: Database, principal: Principal, **rows: list[dict[str, Any]]) -> None:
    """Rows by the name of their route; all must be accepted."""
    for name, batch in rows.items():
        receipts = await send(db, principal, ROUTES[name], *batch)
        assert {receipt.status for receipt in receipts} == {"accepted"}, receipts

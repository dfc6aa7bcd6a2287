"""What journeys are made of, as callers send it: only what the test is about."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec

from services.usage.actions.value_plan import MILESTONES, USE_CASES
from shared.intake.rows import BulkRoute, Receipt, receive
from shared.platform.auth import SCOPES, Principal
from shared.platform.db import Database
from tests.services.usage.rows import event, send, told

LONG_AGO = "2020-01-01T00:00:00Z"


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def used(
    account: UUID, member: str, days: Iterable[date], feature: str = "reports", **given: Any
) -> list[dict[str, Any]]:
    """One event at noon of each day, known a minute later."""
    return [
        event(
            account, feature=feature, memberId=member, occurredAt=noon(day),
            **{"recordedAt": noon(day) + timedelta(minutes=1), **given},
        )
        for day in days
    ]  # fmt: skip


async def sent(
    db: Database, caller: Principal, kind: BulkRoute, *rows: dict[str, Any]
) -> list[Receipt]:
    async with db.write(caller.tenant_id) as conn:
        return await receive(conn, caller, kind, msgspec.json.encode(rows))


async def use_case(db: Database, caller: Principal, **given: Any) -> None:
    row = {"key": "report", "job": "Report", "coreAction": "reports", "naturalFrequencyDays": 7}
    (receipt,) = await sent(db, caller, USE_CASES, {"recordedAt": LONG_AGO, **row, **given})
    assert receipt.status == "accepted", receipt


async def milestone(db: Database, caller: Principal, key: str, **given: Any) -> None:
    row = {"key": key, "title": key, "features": [key]}
    (receipt,) = await sent(db, caller, MILESTONES, {"recordedAt": LONG_AGO, **row, **given})
    assert receipt.status == "accepted", receipt


async def contract(db: Database, tenant: UUID, account: UUID, start: date, **given: Any) -> None:
    fact = {
        "contract_id": uuid4(), "seats": 10, "start_on": start, "ended_on": None,
        "term_months": 12, "outcome": "pending",
        "recorded_at": datetime.combine(start, time(), UTC), **given,
    }  # fmt: skip
    await told(db, tenant, "ContractChanged", account, **fact)


def caller_in(tenant: UUID, zone: str = "UTC") -> Principal:
    return Principal(tenant, "loader", SCOPES, zone)


async def load(db: Database, caller: Principal, rows: list[dict[str, Any]]) -> None:
    for at in range(0, len(rows), 1_000):
        receipts = await send(db, caller, rows[at : at + 1_000])
        assert {receipt.status for receipt in receipts} <= {"accepted", "late"}

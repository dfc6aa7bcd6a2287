"""Events as a caller sends them, facts as accounts tells them; only what the test is about."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec

from services.usage.app import SERVICE
from services.usage.domain.summary import UsageSummary
from services.usage.domain.work_lists import ANNOUNCE
from services.usage.store import reads as reads_store
from shared.intake.rows import Receipt, receive
from shared.platform.auth import Principal
from shared.platform.db import Database
from shared.process.facts import LogEntry
from shared.process.listeners import hear

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 6, 15, tzinfo=UTC)
DAY = timedelta(days=1)
EVENTS = SERVICE.bulk_routes["ingest"][0]


def event(account: UUID | None = None, **given: Any) -> dict[str, Any]:
    return {
        "id": uuid4().hex, "feature": "reports",
        "occurredAt": datetime.now(UTC) - timedelta(hours=1),
        **({"accountId": account} if account else {}), **given,
    }  # fmt: skip


def past(account: UUID, occurred: datetime, member: str = "ann", **given: Any) -> dict[str, Any]:
    """An event of history, known a minute after it happened."""
    recorded = occurred + timedelta(minutes=1)
    return event(account, occurredAt=occurred, memberId=member, **{"recordedAt": recorded, **given})


async def send(db: Database, caller: Principal, rows: Sequence[object] | bytes) -> list[Receipt]:
    body = rows if isinstance(rows, bytes) else msgspec.json.encode(rows)
    async with db.write(caller.tenant_id) as conn:
        return await receive(conn, caller, EVENTS, body)


def statuses(receipts: Sequence[Receipt]) -> list[str]:
    return [receipt.status for receipt in receipts]


async def told(db: Database, tenant: UUID, kind: str, account: UUID, **payload: Any) -> None:
    """A fact of accounts, carried out by whoever listens to it."""
    now = datetime.now(UTC)
    fact = msgspec.to_builtins({"account_id": account, **payload})
    entry = LogEntry(1, uuid4(), tenant, account, 1, kind, fact, now, now, None)
    async with db.write(tenant) as conn:
        await hear(conn, SERVICE.listeners["accounts"], [entry])


async def an_account(db: Database, tenant: UUID, *names: tuple[str, str]) -> UUID:
    return await named(db, tenant, uuid4(), *names)


async def named(db: Database, tenant: UUID, account: UUID, *names: tuple[str, str]) -> UUID:
    externals = [{"source": source, "external_id": name} for source, name in names]
    await told(db, tenant, "AccountCreated", account, name="Acme", external_ids=externals)
    return account


async def with_seats(db: Database, tenant: UUID, account: UUID, seats: int, since: date) -> None:
    contract = {"contract_id": uuid4(), "seats": seats, "start_on": since, "ended_on": None}
    recorded = datetime.combine(since, datetime.min.time(), UTC)
    await told(db, tenant, "ContractChanged", account, recorded_at=recorded, **contract)


async def summary(
    db: Database, tenant: UUID, account: UUID, as_of: datetime | None = None
) -> UsageSummary:
    async with db.read(tenant) as conn:
        return (await reads_store.summary(conn, [account], as_of))[account]


async def marked(db: Database, tenant: UUID) -> set[UUID]:
    async with db.read(tenant) as conn:
        rows = await conn.fetch("SELECT key FROM work WHERE list = $1", ANNOUNCE.name)
    return {row["key"] for row in rows}

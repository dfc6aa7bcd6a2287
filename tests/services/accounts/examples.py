"""One-line ways to say what a test starts from; rows go the way of the bulk route."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import msgspec

from services.accounts.actions.accounts import ACCOUNTS
from services.accounts.actions.contracts import CONTRACTS
from services.accounts.actions.members import MEMBERS
from services.accounts.actions.tickets import TICKETS
from shared.intake.rows import BulkRoute, Receipt, receive
from shared.platform.auth import Principal
from shared.platform.db import Database

Json = dict[str, Any]


async def send(db: Database, who: Principal, kind: BulkRoute, *rows: Json) -> list[Receipt]:
    """The receipts of a batch."""
    async with db.write(who.tenant_id) as conn:
        return await receive(conn, who, kind, msgspec.json.encode(rows))


async def ids_of(db: Database, who: Principal, kind: BulkRoute, *rows: Json) -> list[str]:
    """The ids of a batch in which no row may fail."""
    receipts = await send(db, who, kind, *rows)
    assert {receipt.status for receipt in receipts} == {"accepted"}, receipts
    return [receipt.id or "" for receipt in receipts]


async def an_account(db: Database, who: Principal, **row: Any) -> UUID:
    (taken_id,) = await ids_of(db, who, ACCOUNTS, {"id": str(uuid4()), "name": "Acme", **row})
    return UUID(taken_id)


async def a_contract(db: Database, who: Principal, account_id: UUID, **row: Any) -> UUID:
    defaults = {"accountId": str(account_id), "startOn": "2024-01-01", "termMonths": 12}
    (taken_id,) = await ids_of(db, who, CONTRACTS, {**defaults, "autoRenew": False, **row})
    return UUID(taken_id)


async def a_member(db: Database, who: Principal, account_id: UUID, **row: Any) -> UUID:
    (taken_id,) = await ids_of(db, who, MEMBERS, {"accountId": str(account_id), **row})
    return UUID(taken_id)


async def a_ticket(db: Database, who: Principal, account_id: UUID, **row: Any) -> str:
    defaults = {"accountId": str(account_id), "severity": "normal", "ticketClass": "bug"}
    (taken_id,) = await ids_of(db, who, TICKETS, {"id": str(uuid4()), **defaults, **row})
    return taken_id


def statuses(receipts: Sequence[Receipt]) -> list[str]:
    return [receipt.status for receipt in receipts]

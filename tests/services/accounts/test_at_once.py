"""Names and beginnings, when several senders speak of the same accounts at the same time."""

import asyncio
import random
from collections import Counter
from itertools import chain
from typing import Any
from uuid import UUID, uuid4

from services.accounts.actions.accounts import ACCOUNTS
from services.accounts.actions.members import MEMBERS
from shared.intake.rows import Receipt
from shared.platform.auth import Principal
from shared.platform.db import Conn, Database
from tests.services.accounts.examples import an_account, send

NAMES = 12
SENDERS = 4


def name(number: int) -> dict[str, str]:
    return {"source": "crm", "id": f"A-{number}"}


async def ids_in(owner: Conn, kind: str, key: str) -> list[str]:
    rows = await owner.fetch(
        "SELECT payload ->> $2 AS key FROM accounts.outbox WHERE type = $1", kind, key
    )
    return [row["key"] for row in rows]


async def test_a_name_is_given_to_one_account_by_whoever_comes_first(
    db: Database, owner: Conn, principal: Principal
):
    async def sender(_: int) -> list[Receipt]:
        own = [
            {"id": str(uuid4()), "name": "Acme", "externalId": name(number)}
            for number in random.sample(range(NAMES), NAMES)
        ]
        return await send(db, principal, ACCOUNTS, *own)

    receipts = list(chain(*await asyncio.gather(*map(sender, range(SENDERS)))))

    assert Counter((receipt.status, receipt.field) for receipt in receipts) == {
        ("accepted", None): NAMES,
        ("conflict", "externalId"): NAMES * (SENDERS - 1),
    }
    named = await owner.fetch("SELECT account_id FROM accounts.external_id")
    created = await ids_in(owner, "AccountCreated", "account_id")
    assert sorted(created) == sorted(str(row["account_id"]) for row in named)


async def test_what_begins_begins_once_and_changes_after(
    db: Database, owner: Conn, principal: Principal
):
    account_id: UUID = await an_account(db, principal)

    async def sender(number: int) -> None:
        for step in range(5):
            shuffled = random.sample(range(NAMES), NAMES)
            values: dict[str, Any] = {"email": f"{number}.{step}@example.com"}
            members = [
                {"accountId": str(account_id), "externalId": f"M-{n}", **values} for n in shuffled
            ]
            accounts = [{"name": f"{number} {step}", "externalId": name(n)} for n in shuffled]
            await send(db, principal, MEMBERS, *members)
            await send(db, principal, ACCOUNTS, *accounts)

    await asyncio.gather(*map(sender, range(SENDERS)))

    begun = Counter(await ids_in(owner, "MemberAdded", "member_id"))
    assert list(begun.values()) == [1] * NAMES
    assert len(await ids_in(owner, "MemberChanged", "member_id")) == NAMES * (5 * SENDERS - 1)
    begun = Counter(await ids_in(owner, "AccountCreated", "account_id"))
    assert list(begun.values()) == [1] * (1 + NAMES)
    assert len(await ids_in(owner, "AccountChanged", "account_id")) == NAMES * (5 * SENDERS - 1)
    stale = await owner.fetchval(
        "SELECT count(*) FROM accounts.account_now AS n WHERE name <> (SELECT a.name"
        " FROM accounts.account AS a WHERE a.id = n.id ORDER BY recorded_at DESC LIMIT 1)"
    )
    assert stale == 0

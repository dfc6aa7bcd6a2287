"""What becomes of rows sent to billing: receipts, versions and facts."""

import time
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.billing.actions.invoices import INVOICES, invoice_upsert
from services.billing.actions.payments import PAYMENT_METHODS, PAYMENTS
from services.billing.actions.subscriptions import SUBSCRIPTIONS, subscription_upsert
from shared.intake.rows import BulkRoute
from shared.platform.auth import Principal
from shared.platform.db import Conn, Database
from shared.vocabulary.errors import Conflict, InvalidInput
from shared.vocabulary.ids import global_id
from tests.conftest import DatabaseOf
from tests.examples import send
from tests.services.billing.examples import (
    JANUARY,
    JUNE,
    MAY,
    invoice,
    method,
    payment,
    send_all,
    subscription,
)

ACCOUNT = uuid4()


@pytest.fixture
async def db(database: DatabaseOf) -> Database:
    return await database("billing")


async def accounts_in_log(owner: Conn) -> list[UUID]:
    rows = await owner.fetch("SELECT account_id FROM billing.outbox WHERE type = 'BillingChanged'")
    return [row["account_id"] for row in rows]


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        (SUBSCRIPTIONS, subscription(ACCOUNT)),
        (INVOICES, invoice(ACCOUNT)),
        (PAYMENTS, payment(ACCOUNT)),
        (PAYMENT_METHODS, method(ACCOUNT)),
    ],
)
async def test_a_row_sent_again_is_a_duplicate_and_tells_nothing(
    db: Database, owner: Conn, principal: Principal, kind: BulkRoute, row: dict[str, Any]
) -> None:
    now = {name: value for name, value in row.items() if name != "recordedAt"}
    named = {**now, "accountId": global_id("Account", ACCOUNT)}

    statuses = [
        (await send(db, principal, kind, version))[0].status for version in (row, row, now, named)
    ]

    assert statuses == ["accepted", "duplicate", "duplicate", "duplicate"]
    assert await accounts_in_log(owner) == [ACCOUNT]


async def test_other_values_correct_what_has_versions_and_conflict_with_what_happened(
    db: Database, principal: Principal
) -> None:
    await send_all(
        db, principal, SUBSCRIPTIONS=[subscription(ACCOUNT)], PAYMENTS=[payment(ACCOUNT)]
    )
    line = await send(
        db, principal, SUBSCRIPTIONS,
        subscription(ACCOUNT, quantity=9, recordedAt=MAY),
        subscription(ACCOUNT, quantity=8, recordedAt=JANUARY),
        subscription(uuid4(), recordedAt=JUNE),
    )  # fmt: skip
    tried = await send(db, principal, PAYMENTS, payment(ACCOUNT, declineCode="stolen"))

    assert [(receipt.status, receipt.field) for receipt in line] == [
        ("accepted", None), ("conflict", "recordedAt"), ("conflict", "id"),
    ]  # fmt: skip
    assert [(receipt.status, receipt.field) for receipt in tried] == [("conflict", "id")]


async def test_bad_rows_get_receipts_that_name_field_and_value(
    db: Database, owner: Conn, principal: Principal
) -> None:
    rows = [
        subscription(ACCOUNT),
        subscription(ACCOUNT, id="b", interval="fortnight"),
        subscription(ACCOUNT, id="c", discountShare=1.5),
        subscription(ACCOUNT, id="d", currency="euro"),
        subscription(ACCOUNT, id="e", quantity=-1),
        subscription(ACCOUNT, id="f", endedAt="2024-12-31T00:00:00Z"),
        subscription(ACCOUNT, id="g", startedAt="2025-01-01T00:00:00"),
        subscription(ACCOUNT, id="h", accountId="nobody"),
        subscription(ACCOUNT, id="i", unitPriceCents=10**11),
        subscription(ACCOUNT, id="", quantity=3),
    ]
    receipts = await send(db, principal, SUBSCRIPTIONS, *rows)

    assert [receipt.row for receipt in receipts] == list(range(10))
    assert [receipt.field for receipt in receipts] == [
        None, "interval", "discountShare", "currency", "quantity", "endedAt", "startedAt",
        "accountId", "unitPriceCents", "id",
    ]  # fmt: skip
    assert {receipt.status for receipt in receipts[1:]} == {"rejected"}
    assert receipts[2].value == "1.5"
    assert await owner.fetchval("SELECT count(*) FROM billing.subscription") == 1


async def test_a_payment_still_ahead_is_rejected(db: Database, principal: Principal) -> None:
    (receipt,) = await send(db, principal, PAYMENTS, payment(ACCOUNT, attemptedAt=JUNE))

    assert (receipt.status, receipt.field) == ("rejected", "attemptedAt")


async def test_a_batch_tells_once_per_account(
    db: Database, owner: Conn, principal: Principal
) -> None:
    accounts = [uuid4() for _ in range(3)]
    await send_all(db, principal, INVOICES=[
        invoice(account, id=f"{account}-{n}") for n in range(4) for account in accounts
    ])  # fmt: skip

    assert sorted(await accounts_in_log(owner)) == sorted(accounts)


async def test_one_row_by_command_obeys_the_same_rules(db: Database, principal: Principal) -> None:
    async with db.write(principal.tenant_id) as conn:
        row = {name: v for name, v in subscription(ACCOUNT).items() if name != "recordedAt"}
        line = await subscription_upsert(conn, row, principal)
        bill = await invoice_upsert(conn, invoice(ACCOUNT), principal)
        with pytest.raises(InvalidInput, match="interval"):
            await subscription_upsert(conn, {**row, "interval": "fortnight"}, principal)
        with pytest.raises(Conflict, match="another account"):
            await subscription_upsert(conn, {**row, "accountId": uuid4()}, principal)

    assert (line.mrr.cents, line.interval, line.account_id) == (45_000, "month", ACCOUNT)
    assert (bill.amount.cents, bill.paid_at) == (45_000, None)


async def test_bulk_keeps_thousands_of_rows_a_second(db: Database, principal: Principal) -> None:
    accounts = [uuid4() for _ in range(500)]
    rows = [payment(accounts[n % 500], id=f"p{n}") for n in range(3_000)]
    started = time.perf_counter()

    receipts = await send(db, principal, PAYMENTS, *rows)

    assert {receipt.status for receipt in receipts} == {"accepted"}
    assert time.perf_counter() - started < 2.0

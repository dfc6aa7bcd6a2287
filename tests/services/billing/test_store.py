"""What billing tells of accounts, at a moment and as it was known then."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.billing.actions.subscriptions import SUBSCRIPTIONS
from services.billing.domain.summary import BillingSummary
from services.billing.store import invoices as invoices_store
from services.billing.store import landmarks as landmarks_store
from services.billing.store import summary as summary_store
from shared.platform.auth import Principal
from shared.platform.db import Database
from shared.vocabulary.landmark import FeatureRow, Landmark
from shared.vocabulary.money import Money
from tests.conftest import DatabaseOf
from tests.examples import number, send
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
DAY = timedelta(days=1)


@pytest.fixture
async def db(database: DatabaseOf) -> Database:
    return await database("billing")


async def summary(db: Database, tenant: UUID, as_of: datetime | None = JUNE) -> BillingSummary:
    async with db.read(tenant) as conn:
        return (await summary_store.summary(conn, [ACCOUNT], as_of))[ACCOUNT]


async def features(db: Database, tenant: UUID, *moments: datetime) -> list[FeatureRow]:
    async with db.read(tenant) as conn:
        return await landmarks_store.features(
            conn, [Landmark(ACCOUNT, moment) for moment in moments]
        )


async def test_b1_mrr_adds_running_lines_only(db: Database, principal: Principal) -> None:
    await send_all(db, principal, SUBSCRIPTIONS=[
        subscription(ACCOUNT),
        subscription(ACCOUNT, id="sub-2", plan="insights", quantity=1, interval="year",
                     unitPriceCents=120_000, discountShare=0.5),
        subscription(ACCOUNT, id="ended", quantity=90, endedAt=MAY),
        subscription(ACCOUNT, id="ahead", quantity=90, startedAt=JUNE + DAY),
    ])  # fmt: skip

    billing = await summary(db, principal.tenant_id)

    assert billing.mrr == Money(45_000 + 5_000, "EUR")
    assert (billing.plan, billing.quantity) == ("team", 11)
    async with db.read(principal.tenant_id) as conn:
        assert await summary_store.mrr(conn, [ACCOUNT, uuid4()]) == {ACCOUNT: Money(455_000, "EUR")}


async def test_b1_several_currencies_are_not_added(db: Database, principal: Principal) -> None:
    await send_all(db, principal, SUBSCRIPTIONS=[
        subscription(ACCOUNT), subscription(ACCOUNT, id="sub-2", currency="USD", quantity=20),
    ])  # fmt: skip

    billing = await summary(db, principal.tenant_id)

    assert billing.mrr is None
    assert billing.mrr_by_currency == [Money(90_000, "USD"), Money(45_000, "EUR")]


async def test_an_account_nobody_billed_has_an_empty_summary(db: Database, tenant: UUID) -> None:
    billing = await summary(db, tenant)

    assert (billing.mrr, billing.quantity, billing.amount_due, billing.payment_method) == (
        None,
        0,
        [],
        None,
    )
    assert billing.invoices_overdue.value == 0


async def test_b1_a_correction_changes_only_what_is_asked_afterwards(
    db: Database, principal: Principal
) -> None:
    await send_all(db, principal, SUBSCRIPTIONS=[subscription(ACCOUNT)])
    await send_all(db, principal, SUBSCRIPTIONS=[subscription(ACCOUNT, quantity=4, recordedAt=MAY)])

    before = await summary(db, principal.tenant_id, MAY - DAY)
    after = await summary(db, principal.tenant_id, MAY)

    assert (before.mrr, after.mrr) == (Money(45_000, "EUR"), Money(18_000, "EUR"))


async def test_b21_an_invoice_is_overdue_the_day_after_its_due_date_until_paid(
    db: Database, principal: Principal
) -> None:
    paid = datetime(2025, 2, 10, 12, tzinfo=UTC)
    await send_all(db, principal, INVOICES=[
        invoice(ACCOUNT), invoice(ACCOUNT, paidAt=paid, recordedAt=paid),
        invoice(ACCOUNT, id="inv-2", issuedAt=MAY, dueOn="2025-06-30"),
    ])  # fmt: skip
    overdue = {
        moment: (await summary(db, principal.tenant_id, moment)).amount_overdue
        for moment in (
            datetime(2025, 1, 31, 23, tzinfo=UTC),
            datetime(2025, 2, 1, tzinfo=UTC),
            paid,
        )
    }

    assert list(overdue.values()) == [[], [Money(45_000, "EUR")], []]
    assert (await summary(db, principal.tenant_id, JUNE)).amount_due == [Money(45_000, "EUR")]


async def test_invoices_due_are_paged_by_due_date(db: Database, principal: Principal) -> None:
    await send_all(db, principal, INVOICES=[
        invoice(ACCOUNT, id=f"inv-{day}", dueOn=date(2025, 5, day)) for day in range(1, 8)
    ])  # fmt: skip
    invoice_ids: list[str] = []
    after: str | None = None
    while True:
        async with db.read(principal.tenant_id) as conn:
            page = (await invoices_store.invoices_due(conn, [ACCOUNT], JUNE, first=3, after=after))[
                ACCOUNT
            ]
        invoice_ids += [due.id for due in page.items]
        if not page.has_next:
            break
        after = page.cursors[-1]

    assert invoice_ids == [f"inv-{day}" for day in range(1, 8)]
    assert page.items[-1].days_overdue == 25


async def test_b20_failures_count_90_days_and_stop_before_the_moment(
    db: Database, principal: Principal
) -> None:
    tried = [JUNE - 91 * DAY, JUNE - 90 * DAY, JUNE - DAY, JUNE]
    await send_all(db, principal, PAYMENTS=[
        *[payment(ACCOUNT, id=f"{at}", attemptedAt=at, recordedAt=at) for at in tried],
        payment(ACCOUNT, id="ok", attemptedAt=MAY, succeeded=True, declineCode=None),
    ], PAYMENT_METHODS=[
        method(ACCOUNT), method(ACCOUNT, method="bank_transfer", validFrom=MAY, recordedAt=MAY),
    ])  # fmt: skip

    billing = await summary(db, principal.tenant_id)

    assert (billing.payment_failures_90.value, billing.payment_failures_90.n) == (2, 3)
    assert billing.last_payment_at == MAY
    assert billing.payment_method == "bank_transfer"
    assert (await summary(db, principal.tenant_id, MAY - DAY)).payment_method == "card"


async def test_no_failure_is_known_of_the_time_before_the_records_began(
    db: Database, principal: Principal
) -> None:
    may = {"startedAt": JANUARY, "recordedAt": MAY}
    await send_all(db, principal, SUBSCRIPTIONS=[subscription(ACCOUNT, **may)])
    rows = await features(db, principal.tenant_id, MAY + DAY, MAY + 91 * DAY)
    assert [row["payment_failures_90d"] for row in rows] == [None, 0.0]

    failed = payment(ACCOUNT, id="failed", attemptedAt=MAY, recordedAt=MAY)
    await send_all(db, principal, PAYMENTS=[failed])
    (soon,) = await features(db, principal.tenant_id, MAY + DAY)
    assert soon["payment_failures_90d"] == 1.0


async def test_features_of_a_billed_account(db: Database, principal: Principal) -> None:
    await send_all(
        db, principal, SUBSCRIPTIONS=[subscription(ACCOUNT, discountShare=0.2)],
        INVOICES=[invoice(ACCOUNT)], PAYMENTS=[payment(ACCOUNT)], PAYMENT_METHODS=[method(ACCOUNT)],
    )  # fmt: skip
    billed, unbilled = await features(db, principal.tenant_id, JUNE, JANUARY)

    assert billed == {
        "mrr_cents": 36_000.0, "quantity": 10.0, "discount_share": pytest.approx(0.2),
        "plan": "team",
        "invoices_overdue": 1.0, "invoice_overdue_days": 121.0, "payment_failures_90d": 1.0,
        "last_payment_failed": True, "payment_method": "card",
    }  # fmt: skip
    assert unbilled == {
        "mrr_cents": None, "quantity": None, "discount_share": None, "plan": None,
        "invoices_overdue": 0.0, "invoice_overdue_days": 0.0, "payment_failures_90d": 0.0,
        "last_payment_failed": None, "payment_method": None,
    }  # fmt: skip


async def test_the_newest_attempt_and_the_oldest_debt_count(
    db: Database, principal: Principal
) -> None:
    await send_all(
        db, principal,
        INVOICES=[
            invoice(ACCOUNT), invoice(ACCOUNT, id="inv-2", dueOn="2025-03-02"),
            invoice(ACCOUNT, id="inv-3", dueOn="2025-01-10", paidAt=MAY, recordedAt=MAY),
        ],
        PAYMENTS=[
            payment(ACCOUNT), payment(ACCOUNT, id="pay-2", attemptedAt=MAY + DAY, succeeded=True,
                                      declineCode=None, recordedAt=MAY + DAY),
        ],
    )  # fmt: skip
    failing, mended, forgotten = await features(
        db, principal.tenant_id, MAY + DAY, JUNE, JUNE + 90 * DAY
    )
    failed = [row["last_payment_failed"] for row in (failing, mended, forgotten)]
    assert failed == [True, False, None]
    assert [row["payment_failures_90d"] for row in (failing, mended, forgotten)] == [1.0, 1.0, 0.0]
    assert (mended["invoices_overdue"], mended["invoice_overdue_days"]) == (2.0, 121.0)


async def test_halves_of_invoices_and_payments_are_together_the_whole(
    db: Database, principal: Principal
) -> None:
    await send_all(
        db, principal, SUBSCRIPTIONS=[subscription(ACCOUNT)], PAYMENT_METHODS=[method(ACCOUNT)],
        INVOICES=[invoice(ACCOUNT, id=f"inv-{n}") for n in range(9)],
        PAYMENTS=[payment(ACCOUNT, id=f"pay-{n}", invoiceId=f"inv-{n}") for n in range(9)],
    )  # fmt: skip
    moments = [Landmark(ACCOUNT, JUNE)]
    async with db.read(principal.tenant_id) as conn:
        (whole,) = await landmarks_store.features(conn, moments)
        halves = [(await landmarks_store.features(conn, moments, half))[0] for half in (0, 1)]

    for name in ("invoices_overdue", "payment_failures_90d"):
        parts = [number(half, name) for half in halves]
        assert sum(parts) == number(whole, name) == 9
        assert min(parts) > 0
    assert all(half[name] == whole[name] for half in halves for name in ("mrr_cents", "plan"))


@pytest.mark.parametrize("late", [{"recordedAt": MAY}, {"recordedAt": MAY + DAY}])
async def test_features_do_not_move_by_what_was_recorded_at_the_landmark_or_later(
    db: Database, principal: Principal, late: dict[str, Any]
) -> None:
    await send_all(
        db, principal, SUBSCRIPTIONS=[subscription(ACCOUNT)], INVOICES=[invoice(ACCOUNT)],
        PAYMENT_METHODS=[method(ACCOUNT)],
    )  # fmt: skip
    before = await features(db, principal.tenant_id, MAY)
    april = MAY - 20 * DAY
    await send_all(
        db, principal,
        SUBSCRIPTIONS=[subscription(ACCOUNT, quantity=1, endedAt=april, **late),
                       subscription(ACCOUNT, id="sub-2", **late)],
        INVOICES=[invoice(ACCOUNT, paidAt=april, **late), invoice(ACCOUNT, id="inv-2", **late)],
        PAYMENTS=[payment(ACCOUNT, attemptedAt=april, **late)],
        PAYMENT_METHODS=[method(ACCOUNT, method="bank_transfer", validFrom=april, **late)],
    )  # fmt: skip

    assert await features(db, principal.tenant_id, MAY) == before
    assert await features(db, principal.tenant_id, JUNE) != before


async def test_another_tenant_sees_nothing(
    db: Database, principal: Principal, other_tenant: UUID
) -> None:
    await send_all(
        db, principal, SUBSCRIPTIONS=[subscription(ACCOUNT)], INVOICES=[invoice(ACCOUNT)],
        PAYMENTS=[payment(ACCOUNT)], PAYMENT_METHODS=[method(ACCOUNT)],
    )  # fmt: skip
    billing = await summary(db, other_tenant)

    assert (billing.mrr, billing.amount_due, billing.payment_method) == (None, [], None)
    assert (await features(db, other_tenant, JUNE))[0]["mrr_cents"] is None
    receipts = await send(
        db, Principal(other_tenant, "rival", principal.scopes), SUBSCRIPTIONS,
        subscription(uuid4()),
    )  # fmt: skip
    assert receipts[0].status == "accepted", "ids of one tenant do not block another's"

"""An account's billing at a moment, put together from lines, invoices and payments."""

from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from services.billing import definitions
from services.billing.domain.summary import BillingSummary
from shared.platform.db import Conn, Row
from shared.vocabulary import metric
from shared.vocabulary.metric import count
from shared.vocabulary.money import Money

HERE = Path(__file__).parent
LINES = (HERE / "lines.sql").read_text()
DEBTS = (HERE / "debts.sql").read_text()
PAYMENTS = (HERE / "payments.sql").read_text()
FAILURES_WINDOW = timedelta(days=90)


async def summary(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, BillingSummary]:
    """Every account asked for, also those nothing is known of."""
    at: datetime = as_of or await conn.fetchval("SELECT now()")
    lines = _by_account(await conn.fetch(LINES, account_ids, at))
    debts = _by_account(await conn.fetch(DEBTS, account_ids, at))
    payments = {
        row["account_id"]: row
        for row in await conn.fetch(PAYMENTS, account_ids, at, at - FAILURES_WINDOW)
    }
    return {key: _summary(key, at, lines[key], debts[key], payments[key]) for key in account_ids}


def _by_account(rows: list[Row]) -> dict[UUID, list[Row]]:
    groups: dict[UUID, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["account_id"]].append(row)
    return groups


def _summary(
    account_id: UUID, as_of: datetime, lines: list[Row], debts: list[Row], payments: Row
) -> BillingSummary:
    by_currency = [Money(row["cents"], row["currency"]) for row in lines]
    positive = [money for money in by_currency if money.cents] or by_currency[:1]
    overdue = [row for row in debts if row["overdue"]]
    return BillingSummary(
        account_id=account_id,
        as_of=as_of,
        mrr=positive[0] if len(positive) == 1 else None,
        mrr_by_currency=positive,
        plan=next((row["plan"] for row in lines if row["plan"]), None),
        quantity=sum(row["quantity"] for row in lines),
        amount_due=[Money(row["due_cents"], row["currency"]) for row in debts],
        amount_overdue=[Money(row["overdue_cents"], row["currency"]) for row in overdue],
        invoices_overdue=count(
            definitions.INVOICES_OVERDUE,
            sum(row["overdue"] for row in overdue),
            window_to=as_of,
            freshness=max((row["freshness"] for row in debts), default=None),
        ),
        payment_failures_90=metric.of(
            definitions.PAYMENT_FAILURES,
            payments["failures"],
            payments["attempts"],
            numerator=payments["failures"],
            window_from=as_of - FAILURES_WINDOW,
            window_to=as_of,
            freshness=payments["freshness"],
        ),
        last_payment_at=payments["last_payment_at"],
        payment_method=payments["method"],
    )


async def mrr(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, Money]:
    """Monthly recurring revenue in each account's largest currency; absent without any line."""
    rows = await conn.fetch(LINES, account_ids, as_of or await conn.fetchval("SELECT now()"))
    return {
        key: Money(lines[0]["cents"], lines[0]["currency"])
        for key, lines in _by_account(rows).items()
    }

"""An account's billing at a moment, put together from lines, invoices and payments."""

from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from services.billing import definitions
from services.billing.domain.summary import BillingSummary
from shared.platform.db import Conn, Row
from shared.vocabulary import metric
from shared.vocabulary.metric import MetricValue, count
from shared.vocabulary.money import Money

HERE = Path(__file__).parent
LINES = (HERE / "lines.sql").read_text()
OWED = (HERE / "owed.sql").read_text()
PAID = (HERE / "paid.sql").read_text()
FAILURES_WINDOW = timedelta(days=90)


async def summary(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, BillingSummary]:
    """Every account asked for, also those nothing is known of."""
    at: datetime = as_of or await conn.fetchval("SELECT now()")
    lines = await _lines(conn, account_ids, at)
    owed = await _owed(conn, account_ids, at)
    paid = await _paid(conn, account_ids, at)
    return {key: _summary(key, at, lines[key], owed[key], paid.get(key)) for key in account_ids}


async def _lines(conn: Conn, account_ids: list[UUID], as_of: datetime) -> dict[UUID, list[Row]]:
    """MRR, plan and quantity per account and currency, the largest first."""
    return _by_account(await conn.fetch(LINES, account_ids, as_of))


async def _owed(conn: Conn, account_ids: list[UUID], as_of: datetime) -> dict[UUID, list[Row]]:
    """What is not paid, per account and currency."""
    return _by_account(await conn.fetch(OWED, account_ids, as_of))


async def _paid(conn: Conn, account_ids: list[UUID], as_of: datetime) -> dict[UUID, Row]:
    """Attempts in the window, the last success and how they pay."""
    rows = await conn.fetch(PAID, account_ids, as_of, as_of - FAILURES_WINDOW)
    return {row["account_id"]: row for row in rows}


def _by_account(rows: list[Row]) -> dict[UUID, list[Row]]:
    grouped: dict[UUID, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row["account_id"]].append(row)
    return grouped


def _summary(
    account_id: UUID, as_of: datetime, lines: list[Row], owed: list[Row], paid: Row | None
) -> BillingSummary:
    by_currency = [Money(row["cents"], row["currency"]) for row in lines]
    running = [money for money in by_currency if money.cents] or by_currency[:1]
    overdue = [row for row in owed if row["overdue"]]
    return BillingSummary(
        account_id=account_id,
        as_of=as_of,
        mrr=running[0] if len(running) == 1 else None,
        mrr_by_currency=running,
        plan=next((row["plan"] for row in lines if row["plan"]), None),
        quantity=sum(row["quantity"] for row in lines),
        amount_due=[Money(row["due_cents"], row["currency"]) for row in owed],
        amount_overdue=[Money(row["overdue_cents"], row["currency"]) for row in overdue],
        invoices_overdue=count(
            definitions.INVOICES_OVERDUE,
            sum(row["overdue"] for row in overdue),
            window_to=as_of,
            freshness=max((row["freshness"] for row in owed), default=None),
        ),
        payment_failures_90=_failures(paid, as_of),
        last_payment_at=paid["last_payment_at"] if paid else None,
        payment_method=paid["method"] if paid else None,
    )


def _failures(paid: Row | None, as_of: datetime) -> MetricValue:
    """Failed attempts of the last 90 days; `n` is how many attempts there were."""
    failures: int = paid["failures"] if paid else 0
    return metric.of(
        definitions.PAYMENT_FAILURES,
        failures,
        paid["attempts"] if paid else 0,
        numerator=failures,
        window_from=as_of - FAILURES_WINDOW,
        window_to=as_of,
        freshness=paid["freshness"] if paid else None,
    )


async def mrr(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, Money]:
    """Monthly recurring revenue in each account's largest currency; absent without any line."""
    at: datetime = as_of or await conn.fetchval("SELECT now()")
    lines = await _lines(conn, account_ids, at)
    return {key: Money(rows[0]["cents"], rows[0]["currency"]) for key, rows in lines.items()}

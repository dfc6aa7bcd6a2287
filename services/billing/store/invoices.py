"""Invoices: by id, and page by page of what an account has not paid."""

from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from services.billing.domain.invoices import Invoice
from shared.platform.db import Conn, Row, to
from shared.vocabulary import paging
from shared.vocabulary.money import Money
from shared.vocabulary.paging import Page

INVOICES_DUE = (Path(__file__).parent / "invoices_due.sql").read_text()


async def invoices_due(
    conn: Conn,
    account_ids: list[UUID],
    as_of: datetime | None = None,
    first: int = 25,
    after: str | None = None,
) -> dict[UUID, Page[Invoice]]:
    """Issued and unpaid invoices, the earliest due date first."""
    window = paging.window(first, after, date, str)
    at: datetime = as_of or await conn.fetchval("SELECT now()")
    rows = await conn.fetch(INVOICES_DUE, account_ids, at, *window.bounds)
    invoices = [(row["account_id"], _invoice(row)) for row in rows]
    return window.pages(account_ids, invoices, lambda invoice: (invoice.due_on, invoice.id))


async def invoices(conn: Conn, ids: list[str], as_of: datetime | None = None) -> dict[str, Invoice]:
    """Invoices as they were known; unknown ones are absent."""
    rows = await conn.fetch(
        "SELECT *, CASE WHEN paid_at <= at THEN 0"
        " ELSE greatest((at AT TIME ZONE 'UTC')::date - due_on, 0) END AS days_overdue"
        " FROM (SELECT DISTINCT ON (id) *, coalesce($2::timestamptz, now()) AS at"
        " FROM billing.invoice WHERE id = ANY ($1) AND ($2 IS NULL OR recorded_at <= $2)"
        " ORDER BY id, recorded_at DESC) AS newest",
        ids,
        as_of,
    )
    return {row["id"]: _invoice(row) for row in rows}


def _invoice(row: Row) -> Invoice:
    return to(Invoice, row, amount=Money(row["amount_cents"], row["currency"]))

"""Take invoices."""

from typing import Any

from services.billing.actions.changes import taking
from services.billing.domain.invoices import Invoice
from services.billing.rows import InvoiceRow
from services.billing.store import invoices, tables
from shared.intake.rows import BulkRoute, take_one
from shared.platform.auth import Principal
from shared.platform.db import Conn

INVOICES = BulkRoute("invoices", InvoiceRow, taking(tables.INVOICE))


async def invoice_upsert(conn: Conn, row: dict[str, Any], principal: Principal) -> Invoice:
    """One invoice, taken as the bulk route takes it."""
    row_id = await take_one(conn, principal, INVOICES, row)
    return (await invoices.invoices(conn, [row_id]))[row_id]

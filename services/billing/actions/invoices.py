"""Take invoices."""

from typing import Any

from services.billing.actions.changes import taking
from services.billing.domain.invoices import Invoice
from services.billing.rows import InvoiceRow
from services.billing.store import invoices, tables
from shared.intake.rows import Kind, alone
from shared.platform.auth import Principal
from shared.platform.db import Conn

INVOICES = Kind("invoices", InvoiceRow, taking(tables.INVOICE))


async def invoice_upsert(conn: Conn, row: dict[str, Any], principal: Principal) -> Invoice:
    """One invoice, taken as the bulk route takes it."""
    row_id = await alone(conn, principal, INVOICES, row)
    return (await invoices.invoices(conn, [row_id]))[row_id]

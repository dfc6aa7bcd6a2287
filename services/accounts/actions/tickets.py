"""Take requests for support."""

from services.accounts.actions.account_of import account_of
from services.accounts.domain.tickets import SupportChanged
from services.accounts.rows import TicketRow, check
from services.accounts.store import tables
from shared.intake.rows import BulkRoute, NumberedRow, Receipt
from shared.intake.versioned import save
from shared.platform.auth import Principal
from shared.platform.db import Conn
from shared.process import facts


async def take_tickets(
    conn: Conn, principal: Principal, rows: list[NumberedRow[TicketRow]]
) -> list[Receipt]:
    """Open or change tickets, known by their id."""
    outcome = await save(conn, principal, tables.TICKET, rows, check=check, resolve=[account_of])
    account_ids = {new.version.owner for new in outcome.fresh}
    await facts.emit_all(conn, [(key, SupportChanged(key)) for key in account_ids])
    return outcome.receipts


TICKETS = BulkRoute("tickets", TicketRow, take_tickets)

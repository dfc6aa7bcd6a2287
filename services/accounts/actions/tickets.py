"""Take requests for support."""

from uuid import UUID

from services.accounts.actions.batch import kept, of_accounts
from services.accounts.domain import SupportChanged
from services.accounts.rows import TicketRow
from services.accounts.store import history
from shared.intake.rows import Kind, Numbered, Receipt
from shared.platform.auth import Principal
from shared.platform.db import Conn
from shared.process import facts


async def take_tickets(conn: Conn, _: Principal, rows: list[Numbered[TicketRow]]) -> list[Receipt]:
    """Open or change tickets, known by their id."""
    await history.one_at_a_time(conn)
    candidates, receipts = await of_accounts(conn, rows, _keyed)
    fresh, verdicts, _before = await kept(conn, "ticket", candidates)
    changed = {new.version.owner for new in fresh}
    await facts.emit_all(conn, [(key, SupportChanged(key)) for key in changed])
    return receipts + verdicts


def _keyed(row: TicketRow, _: UUID) -> TicketRow:
    return row


TICKETS = Kind("tickets", TicketRow, take_tickets)

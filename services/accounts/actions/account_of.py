"""Whose a row is: the account that it names must exist."""

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID, uuid4, uuid5

from services.accounts.rows import ContractRow, MemberRow, TicketRow
from services.accounts.store import accounts
from shared.intake.checks import Check
from shared.intake.rows import NumberedRow
from shared.platform.auth import Principal
from shared.platform.db import Conn
from shared.vocabulary.errors import InvalidInput

R = TypeVar("R", MemberRow, ContractRow, TicketRow)


async def account_of(conn: Conn, _: Principal, rows: Sequence[NumberedRow[R]]) -> Check[R]:
    """Settles the account of a row, and the id of one that is known by its external id."""
    ids = await accounts.existing(conn, {entry.row.account for entry in rows})

    def settle(row: R) -> None:
        account_id = row.account
        if account_id not in ids:
            raise InvalidInput("accountId", row.account_id, "an account that exists")
        match row:
            case MemberRow():
                row.id = row.id or _id_within(account_id, "member", row.external_id)
            case ContractRow():
                row.id = row.id or _id_within(account_id, "contract", row.external_id)
            case TicketRow():
                pass  # a ticket has the id that the support desk gave it

    return settle


def _id_within(account_id: UUID, kind: str, external_id: str | None) -> UUID:
    return uuid4() if external_id is None else uuid5(account_id, f"{kind}\0{external_id}")

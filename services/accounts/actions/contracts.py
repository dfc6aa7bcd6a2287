"""Take contracts: what accounts signed, and what became of it."""

from typing import Any
from uuid import UUID, uuid4, uuid5

from services.accounts.actions.batch import kept, of_accounts
from services.accounts.domain import ContractChanged
from services.accounts.rows import ContractRow
from services.accounts.store import contracts, history
from shared import facts
from shared.auth import Principal
from shared.db import Conn
from shared.ingest import Kind, Numbered, Receipt, alone


async def take_contracts(
    conn: Conn, _: Principal, rows: list[Numbered[ContractRow]]
) -> list[Receipt]:
    """Sign or change contracts, known by their id or, within the account, by their external id."""
    await history.one_at_a_time(conn)
    candidates, receipts = await of_accounts(conn, rows, _keyed)
    fresh, verdicts, _before = await kept(conn, "contract", candidates)
    now = await contracts.contracts(conn, list({UUID(new.version.id) for new in fresh}))
    latest = {c.account_id: c for c in sorted(now.values(), key=lambda c: (c.start_on, c.id))}
    await facts.emit_all(
        conn,
        [
            (key, ContractChanged(key, c.id, c.start_on, c.ended_on, c.seats, c.recorded_at))
            for key, c in latest.items()
        ],
    )
    return receipts + verdicts


async def contract_upsert(conn: Conn, row: dict[str, Any], principal: Principal) -> UUID:
    """Sign or change one contract; its id."""
    return UUID(await alone(conn, principal, CONTRACTS, row))


def _keyed(row: ContractRow, account_id: UUID) -> ContractRow:
    if row.id is None and row.external_id is not None:
        row.id = uuid5(account_id, f"contract\0{row.external_id}")
    row.id = row.id or uuid4()
    return row


CONTRACTS = Kind("contracts", ContractRow, take_contracts)

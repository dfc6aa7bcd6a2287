"""Take contracts: what accounts signed, and what became of it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

from services.accounts.actions.batch import kept, of_accounts
from services.accounts.domain import Contract, ContractChanged
from services.accounts.rows import ContractRow
from services.accounts.store import contracts, history
from shared.intake.rows import Kind, Numbered, Receipt, alone
from shared.intake.versions import Version
from shared.platform.auth import Principal
from shared.platform.db import Conn
from shared.process import facts


async def take_contracts(
    conn: Conn, _: Principal, rows: list[Numbered[ContractRow]]
) -> list[Receipt]:
    """Sign or change contracts, known by their id or, within the account, by their external id."""
    await history.one_at_a_time(conn)
    candidates, receipts = await of_accounts(conn, rows, _keyed)
    fresh, verdicts, _before = await kept(conn, "contract", candidates)
    changes = sorted((_change(new.row, new.version) for new in fresh), key=_place)
    await facts.emit_all(conn, [(change.account_id, change) for change in changes])
    return receipts + verdicts


def _change(row: ContractRow, version: Version) -> ContractChanged:
    """Every version is told: who looks back must see what was known then, and each outcome."""
    return ContractChanged(
        account_id=version.owner,
        contract_id=UUID(version.id),
        start_on=row.start_on,
        ended_on=row.ended_on,
        seats=row.seats,
        recorded_at=version.recorded_at,
        end_on=row.end_on,
        term_months=row.term_months,
        outcome=row.outcome,
    )


def _place(change: ContractChanged) -> tuple[UUID, date, datetime]:
    return change.account_id, change.start_on, change.recorded_at


async def contract_upsert(conn: Conn, row: dict[str, Any], principal: Principal) -> Contract:
    """Sign or change one contract; the contract as it is kept."""
    contract_id = UUID(await alone(conn, principal, CONTRACTS, row))
    return (await contracts.contracts(conn, [contract_id]))[contract_id]


def _keyed(row: ContractRow, account_id: UUID) -> ContractRow:
    if row.id is None and row.external_id is not None:
        row.id = uuid5(account_id, f"contract\0{row.external_id}")
    row.id = row.id or uuid4()
    return row


CONTRACTS = Kind("contracts", ContractRow, take_contracts)

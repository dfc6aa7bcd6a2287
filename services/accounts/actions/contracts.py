"""Take contracts: what accounts signed, and what became of it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.accounts.actions.account_of import account_of
from services.accounts.domain.contracts import Contract, ContractChanged
from services.accounts.rows import ContractRow, check
from services.accounts.store import contracts, tables
from shared.intake.rows import BulkRoute, NumberedRow, Receipt, take_one
from shared.intake.versioned import save
from shared.intake.versions import Version
from shared.platform.auth import Principal
from shared.platform.db import Conn
from shared.process import facts


async def take_contracts(
    conn: Conn, principal: Principal, rows: list[NumberedRow[ContractRow]]
) -> list[Receipt]:
    """Sign or change contracts, known by their id or, within the account, by their external id."""
    outcome = await save(conn, principal, tables.CONTRACT, rows, check=check, resolve=[account_of])
    changes = sorted((_change(new.row, new.version) for new in outcome.fresh), key=_place)
    await facts.emit_all(conn, [(change.account_id, change) for change in changes])
    return outcome.receipts


def _change(row: ContractRow, version: Version) -> ContractChanged:
    """There is a fact for every version: who looks back must see each outcome, as known then."""
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
    """Sign or change one contract; the contract as it is now."""
    contract_id = UUID(await take_one(conn, principal, CONTRACTS, row))
    return (await contracts.contracts(conn, [contract_id]))[contract_id]


CONTRACTS = BulkRoute("contracts", ContractRow, take_contracts)

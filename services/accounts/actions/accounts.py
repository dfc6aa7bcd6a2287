"""Take accounts and their names in other systems."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4, uuid5

import msgspec

from services.accounts.domain.accounts import Account, AccountChanged, AccountCreated, ExternalId
from services.accounts.rows import AccountRow, check
from services.accounts.store import accounts, locks, tables
from shared.intake.checks import Check, Contradiction
from shared.intake.rows import BulkRoute, NumberedRow, Receipt, take_one
from shared.intake.versioned import save
from shared.platform.auth import Principal
from shared.platform.db import Conn
from shared.process import facts


class Directory:
    """Which account each external name means, while a batch adds names."""

    def __init__(self) -> None:
        self._accounts: dict[ExternalId, UUID] = {}
        self.added: dict[ExternalId, AccountRow] = {}
        self._added_by: set[int] = set()

    async def account_of(
        self, conn: Conn, principal: Principal, rows: Sequence[NumberedRow[AccountRow]]
    ) -> Check[AccountRow]:
        """The account that a row means; the id of a new one follows from its external name."""
        named = [(one, name) for one in rows if (name := _name(one.row))]
        names = list({name for _, name in named})
        await locks.lock_names(conn, names)
        self._accounts = await accounts.accounts_called(conn, names)
        for one, name in named:
            if name not in self._accounts:
                new = uuid5(principal.tenant_id, f"{name.source}\0{name.external_id}")
                self._accounts[name] = one.row.id or new
                self.added[name] = one.row
                self._added_by.add(one.number)
        return self._settle

    def _settle(self, row: AccountRow) -> None:
        name = _name(row)
        account_id = self._accounts[name] if name else row.id or uuid4()
        if name and row.id not in (None, account_id):
            message = f"this external id belongs to account {account_id}"
            raise Contradiction("externalId", name.external_id, message)
        row.id, row.external_id = account_id, None

    def named(self, receipt: Receipt) -> Receipt:
        """A row that says nothing new but the account's name elsewhere is no duplicate."""
        if receipt.status == "duplicate" and receipt.row in self._added_by:
            return msgspec.structs.replace(receipt, status="accepted")
        return receipt


def _name(row: AccountRow) -> ExternalId | None:
    name = row.external_id
    return ExternalId(name.source, name.id) if name else None


async def take_accounts(
    conn: Conn, principal: Principal, rows: list[NumberedRow[AccountRow]]
) -> list[Receipt]:
    """Create or change accounts, known by their id or by an external name."""
    directory = Directory()
    resolve = [directory.account_of]
    outcome = await save(conn, principal, tables.ACCOUNT, rows, check=check, resolve=resolve)
    changed = {new.version.owner for new in outcome.fresh}
    changed |= {row.id for row in directory.added.values() if row.id}
    if changed:
        await accounts.call(conn, directory.added)
        await accounts.refresh(conn, changed)
        await _tell(conn, changed, {version.owner for version in outcome.before})
    return [directory.named(receipt) for receipt in outcome.receipts]


async def account_upsert(conn: Conn, row: dict[str, Any], principal: Principal) -> UUID:
    """Create or change one account; its id."""
    return UUID(await take_one(conn, principal, ACCOUNTS, row))


async def _tell(conn: Conn, changed: set[UUID], before: set[UUID]) -> None:
    names = await accounts.external_ids(conn, list(changed))
    now: dict[UUID, Account] = await accounts.accounts(conn, list(changed))
    changes: list[tuple[UUID, object]] = []
    for account_id in changed:
        fact = AccountChanged if account_id in before else AccountCreated
        account = now[account_id]
        changes.append(
            (
                account_id,
                fact(
                    account_id,
                    account.name,
                    names.get(account_id, []),
                    account.intended_users,
                    account.traits.get("internal") is True,
                    account.recorded_at,
                ),
            )
        )
    await facts.emit_all(conn, changes)


ACCOUNTS = BulkRoute("accounts", AccountRow, take_accounts)

"""Take accounts and their names in other systems."""

from collections.abc import Sequence, Set
from typing import Any
from uuid import UUID, uuid4, uuid5

import msgspec

from services.accounts.domain.accounts import (
    Account,
    AccountChanged,
    AccountCreated,
    AccountFact,
    ExternalId,
)
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
        self.new_names: dict[ExternalId, AccountRow] = {}
        self._numbers: set[int] = set()
        """Of the rows that bring a new name."""

    async def account_of(
        self, conn: Conn, principal: Principal, rows: Sequence[NumberedRow[AccountRow]]
    ) -> Check[AccountRow]:
        """The account that a row means; the id of a new one follows from its external name."""
        with_name = [(entry, name) for entry in rows if (name := _name(entry.row))]
        names = list({name for _, name in with_name})
        await locks.lock_names(conn, names)
        self._accounts = await accounts.accounts_called(conn, names)
        for entry, name in with_name:
            if name not in self._accounts:
                new = uuid5(principal.tenant_id, f"{name.source}\0{name.external_id}")
                self._accounts[name] = entry.row.id or new
                self.new_names[name] = entry.row
                self._numbers.add(entry.number)
        return self._settle

    def _settle(self, row: AccountRow) -> None:
        name = _name(row)
        account_id = self._accounts[name] if name else row.id or uuid4()
        if name and row.id not in (None, account_id):
            message = f"this external id belongs to account {account_id}"
            raise Contradiction("externalId", name.external_id, message)
        row.id, row.external_id = account_id, None

    def receipt(self, receipt: Receipt) -> Receipt:
        """A row that says nothing new but the account's name elsewhere is no duplicate."""
        if receipt.status == "duplicate" and receipt.row in self._numbers:
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
    account_ids = {new.version.owner for new in outcome.fresh}
    account_ids |= {row.id for row in directory.new_names.values() if row.id}
    if account_ids:
        await accounts.add_names(conn, directory.new_names)
        await accounts.refresh(conn, account_ids)
        await _emit(conn, list(account_ids), {version.owner for version in outcome.before})
    return [directory.receipt(receipt) for receipt in outcome.receipts]


async def account_upsert(conn: Conn, row: dict[str, Any], principal: Principal) -> UUID:
    """Create or change one account; its id."""
    return UUID(await take_one(conn, principal, ACCOUNTS, row))


async def _emit(conn: Conn, account_ids: list[UUID], before: Set[UUID]) -> None:
    names = await accounts.external_ids(conn, account_ids)
    now = await accounts.accounts(conn, account_ids)
    changes = [
        (key, _fact(account, names.get(key, []), is_new=key not in before))
        for key, account in now.items()
    ]
    await facts.emit_all(conn, changes)


def _fact(account: Account, names: list[ExternalId], *, is_new: bool) -> AccountFact:
    kind = AccountCreated if is_new else AccountChanged
    return kind(
        account.id,
        account.name,
        names,
        account.intended_users,
        account.traits.get("internal") is True,
        account.recorded_at,
    )


ACCOUNTS = BulkRoute("accounts", AccountRow, take_accounts)

"""Take accounts and their names in other systems."""

from collections.abc import Sequence, Set
from typing import Any
from uuid import UUID, uuid4, uuid5

import msgspec
from msgspec import UNSET

from services.accounts.domain.accounts import (
    Account,
    AccountChanged,
    AccountCreated,
    AccountFact,
    ExternalId,
)
from services.accounts.rows import AccountRow, check
from services.accounts.store import accounts, locks, tables
from shared.intake.checks import Check, Contradiction, check_rows
from shared.intake.rows import BulkRoute, NumberedRow, Receipt, take_one
from shared.intake.versioned import save
from shared.platform.auth import Principal
from shared.platform.db import Conn
from shared.process import facts
from shared.vocabulary.errors import InvalidInput


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
        names = list({name for entry in rows for name in _names(entry.row)})
        self._accounts = await accounts.accounts_called(conn, names)
        for entry in rows:
            self._add_names(principal, entry)
        return self._settle

    def _add_names(self, principal: Principal, entry: NumberedRow[AccountRow]) -> None:
        """Names that are new belong to the account that the row means, if its others do."""
        names = _names(entry.row)
        if not names:
            return
        owners = [self._accounts[name] for name in names if name in self._accounts]
        new = uuid5(principal.tenant_id, f"{names[0].source}\0{names[0].external_id}")
        account_id = entry.row.id or next(iter(owners), new)
        for name in names:
            if name not in self._accounts and set(owners) <= {account_id}:
                self._accounts[name] = account_id
                self.new_names[name] = entry.row
                self._numbers.add(entry.number)

    def _settle(self, row: AccountRow) -> None:
        names = _names(row)
        account_id = row.id or next((self._accounts[n] for n in names if n in self._accounts), None)
        for name in names:
            if self._accounts.get(name, account_id) != account_id:
                message = f"this external id belongs to account {self._accounts[name]}"
                raise Contradiction("externalId", name.external_id, message)
        row.id, row.external_id, row.external_ids = account_id or uuid4(), None, UNSET

    def receipt(self, receipt: Receipt) -> Receipt:
        """A row that says nothing new but the account's name elsewhere is no duplicate."""
        if receipt.status == "duplicate" and receipt.row in self._numbers:
            return msgspec.structs.replace(receipt, status="accepted")
        return receipt


def _names(row: AccountRow) -> list[ExternalId]:
    return [ExternalId(name.source, name.id) for name in row.names]


async def take_accounts(
    conn: Conn, principal: Principal, rows: list[NumberedRow[AccountRow]]
) -> list[Receipt]:
    """Create or change accounts, known by their id or by an external name."""
    await locks.lock_names(conn, {name for each in rows for name in _names(each.row)})
    directory = Directory()
    whole = [each for each in rows if each.row.name is not None]
    bare = [each for each in rows if each.row.name is None]
    outcome = await save(
        conn, principal, tables.ACCOUNT, whole, check=check, resolve=[directory.account_of]
    )
    account_ids = {new.version.owner for new in outcome.fresh}
    account_ids |= {row.id for row in directory.new_names.values() if row.id}
    if account_ids:
        await accounts.add_names(conn, directory.new_names)
        await accounts.refresh(conn, account_ids)
        await _emit(conn, list(account_ids), {version.owner for version in outcome.before})
    receipts = [directory.receipt(receipt) for receipt in outcome.receipts]
    return receipts + (await _take_names(conn, principal, bare) if bare else [])


async def _take_names(
    conn: Conn, principal: Principal, rows: list[NumberedRow[AccountRow]]
) -> list[Receipt]:
    """Names of accounts that exist; whatever else is known of them stays as it is."""
    good, receipts = check_rows(rows, _only_names)
    directory = Directory()
    settle = await directory.account_of(conn, principal, good)
    good, contradictions = check_rows(good, settle)
    ids = await accounts.existing(conn, [each.row.id for each in good if each.row.id])

    def exists(row: AccountRow) -> None:
        if row.id not in ids:
            raise InvalidInput("name", None, "what the account is called, for it is new")

    good, newcomers = check_rows(good, exists)
    names = {name: row for name, row in directory.new_names.items() if row.id in ids}
    if names:
        await accounts.add_names(conn, names)
        await _emit(conn, sorted({row.id for row in names.values() if row.id}), ids)
    same = [Receipt(each.number, "duplicate", each.id) for each in good]
    return receipts + contradictions + newcomers + [directory.receipt(each) for each in same]


def _only_names(row: AccountRow) -> None:
    names = AccountRow(id=row.id, external_id=row.external_id, external_ids=row.external_ids)
    names.recorded_at = row.recorded_at
    if row != names or not row.names:
        allowed = "what the account is called; only externalId and externalIds may do without it"
        raise InvalidInput("name", None, allowed)


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

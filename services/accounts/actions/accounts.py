"""Take accounts and their names in other systems."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

import msgspec

from services.accounts.actions.batch import kept
from services.accounts.domain import Account, AccountChanged, AccountCreated, ExternalId
from services.accounts.rows import AccountRow, check
from services.accounts.store import accounts, history
from shared.intake.rows import Kind, Numbered, Receipt, alone, refused
from shared.intake.versions import Candidate, candidate
from shared.platform.auth import Principal
from shared.platform.db import Conn
from shared.process import facts
from shared.vocabulary.errors import InvalidInput, clipped


class Directory:
    """Which account each external name means, while a batch adds names."""

    def __init__(self, tenant_id: UUID, held: dict[tuple[str, str], UUID]) -> None:
        self._tenant_id = tenant_id
        self._held = held
        self.added: dict[ExternalId, tuple[UUID, datetime | None]] = {}
        self.added_by: set[int] = set()

    def account_of(self, one: Numbered[AccountRow]) -> UUID:
        """The account a row means; the id of a new one follows from its external name."""
        row = one.row
        if row.external_id is None:
            return row.id or uuid4()
        name = row.external_id.source, row.external_id.id
        if name not in self._held:
            self._held[name] = row.id or uuid5(self._tenant_id, "\0".join(name))
            self.added[ExternalId(*name)] = self._held[name], row.recorded_at
            self.added_by.add(one.number)
        return self._held[name]


async def take_accounts(
    conn: Conn, principal: Principal, rows: list[Numbered[AccountRow]]
) -> list[Receipt]:
    """Create or change accounts, known by their id or by an external name."""
    await history.one_at_a_time(conn)
    directory = Directory(principal.tenant_id, await _held(conn, rows))
    candidates, receipts = _resolved(rows, directory)
    fresh, verdicts, before = await kept(conn, "account", candidates)
    changed = {new.version.owner for new in fresh} | {key for key, _ in directory.added.values()}
    if changed:
        await accounts.call(conn, directory.added)
        await accounts.refresh(conn, changed)
        await _tell(conn, changed, {version.owner for version in before})
    return receipts + [_named(verdict, directory) for verdict in verdicts]


async def account_upsert(conn: Conn, row: dict[str, Any], principal: Principal) -> UUID:
    """Create or change one account; its id."""
    return UUID(await alone(conn, principal, ACCOUNTS, row))


async def _held(conn: Conn, rows: Iterable[Numbered[AccountRow]]) -> dict[tuple[str, str], UUID]:
    given = [one.row.external_id for one in rows]
    names = {ExternalId(name.source, name.id) for name in given if name}
    return await accounts.accounts_called(conn, list(names))


def _resolved(
    rows: Sequence[Numbered[AccountRow]], directory: Directory
) -> tuple[list[Candidate[AccountRow]], list[Receipt]]:
    candidates: list[Candidate[AccountRow]] = []
    receipts: list[Receipt] = []
    for one in rows:
        try:
            check(one.row)
        except InvalidInput as error:
            receipts.append(refused(one, error))
            continue
        account_id = directory.account_of(one)
        if one.row.id in (None, account_id):
            row = msgspec.structs.replace(one.row, id=account_id, external_id=None)
            candidates.append(candidate(one.number, row, str(account_id), account_id))
        else:
            receipts.append(_taken(one, account_id))
    return candidates, receipts


def _taken(one: Numbered[AccountRow], account_id: UUID) -> Receipt:
    name = one.row.external_id
    return Receipt(
        one.number,
        "conflict",
        str(one.row.id),
        "externalId",
        clipped(name.id if name else None),
        f"this external id belongs to account {account_id}",
    )


def _named(verdict: Receipt, directory: Directory) -> Receipt:
    """A row that says nothing new but the account's name elsewhere is no duplicate."""
    if verdict.status == "duplicate" and verdict.row in directory.added_by:
        return msgspec.structs.replace(verdict, status="accepted")
    return verdict


async def _tell(conn: Conn, changed: set[UUID], before: set[UUID]) -> None:
    names = await accounts.external_ids(conn, list(changed))
    now: dict[UUID, Account] = await accounts.accounts(conn, list(changed))
    told: list[tuple[UUID, object]] = []
    for account_id in changed:
        fact = AccountChanged if account_id in before else AccountCreated
        account = now[account_id]
        told.append(
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
    await facts.emit_all(conn, told)


ACCOUNTS = Kind("accounts", AccountRow, take_accounts)

"""What every bulk action does with its rows: check them, find their account, keep what is new."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from services.accounts import rows
from services.accounts.store import accounts, history
from shared.intake.rows import Numbered, Receipt, refused
from shared.intake.versions import Candidate, Version, candidate, sorted_out
from shared.platform.db import Conn
from shared.vocabulary import ids
from shared.vocabulary.errors import InvalidInput

R = TypeVar("R", bound=rows.MemberRow | rows.ContractRow | rows.TicketRow)


async def kept(
    conn: Conn,
    kind: history.Kind,
    candidates: Sequence[Candidate[Any]],
) -> tuple[list[Candidate[Any]], list[Receipt], list[Version]]:
    """Keep the new versions: they, a receipt for every candidate, and what was known before."""
    before = await history.known(conn, kind, candidates)
    fresh, receipts = sorted_out(candidates, before, corrections=True)
    if fresh:
        await history.add(conn, kind, fresh)
    return fresh, receipts, before


async def of_accounts(
    conn: Conn, given: Sequence[Numbered[R]], key: Callable[[R, UUID], R]
) -> tuple[list[Candidate[R]], list[Receipt]]:
    """Rows as candidates, their ids settled by `key`; receipts for those that cannot be taken."""
    named: list[tuple[Numbered[R], UUID]] = []
    receipts: list[Receipt] = []
    for one in given:
        try:
            rows.check(one.row)
            named.append((one, ids.account_key(one.row.account_id)))
        except InvalidInput as error:
            receipts.append(refused(one, error))
    there = await accounts.existing(conn, {account_id for _, account_id in named})
    candidates: list[Candidate[R]] = []
    for one, account_id in named:
        if account_id in there:
            row = key(msgspec.structs.replace(one.row, account_id=str(account_id)), account_id)
            candidates.append(candidate(one.number, row, str(row.id), account_id))
        else:
            unknown = InvalidInput("accountId", one.row.account_id, "an account that exists")
            receipts.append(refused(one, unknown))
    return candidates, receipts

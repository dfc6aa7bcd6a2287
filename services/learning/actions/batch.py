"""What both kinds of row have in common: bad rows aside, and one row alone."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from shared.auth import Principal
from shared.db import Conn
from shared.errors import Conflict, InvalidInput, refusal
from shared.ingest import Kind, Numbered, Receipt, Row, receive, rejected

R = TypeVar("R", bound=Row)


def checked(
    rows: Sequence[Numbered[R]], check: Callable[[R], None]
) -> tuple[list[Numbered[R]], list[Receipt]]:
    """The rows that pass, and receipts for the others."""
    good: list[Numbered[R]] = []
    bad: list[Receipt] = []
    for one in rows:
        try:
            check(one.row)
            good.append(one)
        except InvalidInput as error:
            bad.append(refused(one, error))
    return good, bad


def refused(one: Numbered[Any], error: InvalidInput) -> Receipt:
    """The receipt of a row that cannot be taken, with the id it came with."""
    return rejected(one.number, error, None if one.row.id is None else str(one.row.id))


async def alone(conn: Conn, principal: Principal, kind: Kind, row: dict[str, Any]) -> str:
    """One row by the way a batch goes, and its id; what is refused there is raised here."""
    principal.require(kind.scope)
    (receipt,) = await receive(conn, principal, kind, msgspec.json.encode([row]))
    if receipt.status == "conflict":
        raise Conflict(f"{receipt.field}: {receipt.message}")
    if receipt.status == "rejected" or receipt.id is None:
        why = f"{receipt.field}: {receipt.value} is not allowed; {receipt.message}"
        raise refusal(InvalidInput.code, why, receipt.field or "")
    return receipt.id

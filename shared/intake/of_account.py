"""Rows about an account, which is named by its id or by what another system calls it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Annotated, TypeAlias
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from shared.intake.rows import NumberedRow, Row
from shared.vocabulary.errors import InvalidInput
from shared.vocabulary.ids import account_key


class AccountName(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What another system calls an account."""

    source: Annotated[str, Meta(min_length=1, max_length=100)]
    id: Annotated[str, Meta(min_length=1, max_length=200)]


LookUp: TypeAlias = Callable[[Sequence[AccountName]], Awaitable[Mapping[AccountName, UUID]]]
"""The accounts behind names; unknown ones are absent."""


class OfAccount(Row, kw_only=True):
    """A row with the field `account_id`, which each kind declares in its place among its own.

    The name is gone, as if it had never been there, once the account behind it is known. A kind
    with an external id of its own calls it `accountExternalId`.
    """

    if TYPE_CHECKING:
        account_id: str | None = None
    account_name: AccountName | UnsetType | None = msgspec.field(default=UNSET, name="externalId")

    def __post_init__(self) -> None:
        self.account_name = self.account_name or UNSET

    @property
    def account(self) -> UUID:
        """The account; InvalidInput where the row names none that is known."""
        field = _name_field(type(self))
        if self.account_name and self.account_id is not None:
            raise InvalidInput(field, self.account_name.id, f"accountId or {field}, not both")
        if self.account_name:
            allowed = "what an account is called that exists; send the account before"
            raise InvalidInput(field, self.account_name.id, allowed)
        if self.account_id is None:
            raise InvalidInput("accountId", None, f"accountId, or {field} with source and id")
        return account_key(self.account_id)


async def name_accounts(rows: Sequence[NumberedRow[Row]], look_up: LookUp) -> None:
    """Rows that call their account by a name get its id; a name that nobody knows stays."""
    named = [
        (each.row, each.row.account_name)
        for each in rows
        if isinstance(each.row, OfAccount) and each.row.account_name and not each.row.account_id
    ]
    accounts = await look_up(list({name for _, name in named})) if named else {}
    for row, name in named:
        if name in accounts:
            row.account_id, row.account_name = str(accounts[name]), UNSET


@cache
def _name_field(kind: type[OfAccount]) -> str:
    """What the kind calls the name; asked of every row, and slow to look up."""
    fields = {field.name: field.encode_name for field in msgspec.structs.fields(kind)}
    return fields["account_name"]

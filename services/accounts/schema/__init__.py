"""What accounts shows: its fields of Account and Member, lists of accounts, and its mutations."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from services.accounts import domain
from services.accounts.schema.changes import ExternalIdInput, Mutation
from services.accounts.schema.fields import (
    Account,
    AccountFields,
    MemberFields,
    Request,
)
from services.accounts.schema.values import AccountOrder, Contract
from services.accounts.store import accounts, contracts, members
from shared.graphql.old import After, Connection, First, connection
from shared.vocabulary.errors import InvalidInput
from shared.vocabulary.ids import parsed_id

__all__ = ["NODES", "AccountFields", "MemberFields", "Mutation", "Query"]


@strawberry.input(description="Which accounts; what is left out does not narrow.")
class AccountFilter:
    name_contains: str | None = strawberry.field(
        default=None, description="Part of the name; upper and lower case alike."
    )
    tag: str | None = strawberry.field(default=None, description="One of its tags, exactly.")
    external_id: ExternalIdInput | None = strawberry.field(
        default=None, description="What another system calls it."
    )


@strawberry.type
class Query:
    """Accounts, one or many."""

    @strawberry.field(
        description="An account by its id or by its name elsewhere; null when there is none."
    )
    async def account(
        self,
        info: Request,
        id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Its id in this API.")
        ] = None,
        external_id: Annotated[
            ExternalIdInput | None, strawberry.argument(description="Its name elsewhere.")
        ] = None,
        as_of: Annotated[
            datetime | None,
            strawberry.argument(description="As it was known then; now if omitted."),
        ] = None,
    ) -> Account | None:
        if (id is None) == (external_id is None):
            raise InvalidInput("id", id, "either id or externalId")
        if external_id is None:
            key = parsed_id(id or "", "Account", "id")[1]
        else:
            key = await info.context.call(accounts.account_called, _name(external_id))
        return await _account_by_id(info, key, as_of) if key else None

    @strawberry.field(description="All accounts, page by page.")
    async def accounts(
        self,
        info: Request,
        filter: Annotated[
            AccountFilter | None, strawberry.argument(description="Which accounts; none: all.")
        ] = None,
        order_by: Annotated[
            AccountOrder, strawberry.argument(description="In which order.")
        ] = AccountOrder.NAME,
        first: First = 25,
        after: After = None,
    ) -> Connection[Account] | None:
        page = await info.context.call(
            accounts.account_page,
            _narrowed(filter or AccountFilter()),
            domain.AccountOrder(order_by.value),
            first=first,
            after=after,
        )
        nodes = [info.context.object("Account", key) for key in page.items]
        return connection(page, nodes, continued=after is not None)


def _name(given: ExternalIdInput) -> domain.ExternalId:
    return domain.ExternalId(given.source, given.id)


def _narrowed(given: AccountFilter) -> domain.AccountFilter:
    name = _name(given.external_id) if given.external_id else None
    return domain.AccountFilter(given.name_contains, given.tag, name)


async def _account_by_id(info: Request, key: UUID, as_of: datetime | None = None) -> Any:
    if await info.context.load(accounts.accounts, key, as_of=as_of) is None:
        return None
    return info.context.object("Account", key, as_of)


async def _member_by_id(info: Request, key: UUID) -> Any:
    known = await info.context.load(members.members, key)
    return info.context.object("Member", key) if known else None


async def _contract_by_id(info: Request, key: UUID) -> Any:
    known = await info.context.load(contracts.contracts, key)
    return Contract.of(known) if known else None


NODES = {"Account": _account_by_id, "Member": _member_by_id, "Contract": _contract_by_id}
"""What `node(id)` can fetch from this service."""

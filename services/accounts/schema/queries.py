"""Accounts, one or many."""

from typing import Annotated, Any

import strawberry

from services.accounts.domain import accounts as accounts_domain
from services.accounts.schema.mutations import ExternalIdInput
from services.accounts.schema.nodes import NODES
from services.accounts.store import accounts as accounts_store
from shared.graphql.enums import shown_enum
from shared.graphql.fields import Arguments, AsOfNow, Request, called
from shared.graphql.inputs import optional
from shared.graphql.objects import Account
from shared.graphql.paging import After, Connection, First
from shared.vocabulary.errors import InvalidInput
from shared.vocabulary.ids import parse_id

shown_enum(
    accounts_domain.AccountOrder,
    "How a list of accounts is sorted.",
    NAME="By name; upper and lower case make no difference.",
    CREATED="By the date they became customers, the newest first.",
    ID="By id, an order that never changes.",
)


@strawberry.input(description="The accounts to list. What is left out does not narrow the list.")
class AccountFilter:
    name_contains: str | None = optional("Part of the name; upper and lower case are alike.")
    tag: str | None = optional("One of its tags, exactly as it is written.")
    external_id: ExternalIdInput | None = optional("The name that another system gives it.")


def _external_id(name: ExternalIdInput) -> accounts_domain.ExternalId:
    return accounts_domain.ExternalId(name.source, name.id)


def _list_arguments(
    filter: Annotated[
        AccountFilter | None,
        strawberry.argument(description="The accounts to list; all of them if omitted."),
    ] = None,
    order_by: Annotated[
        accounts_domain.AccountOrder, strawberry.argument(description="The order of the list.")
    ] = accounts_domain.AccountOrder.NAME,
    first: First = 25,
    after: After = None,
) -> Arguments:
    wish = filter or AccountFilter()
    name = _external_id(wish.external_id) if wish.external_id else None
    conditions = accounts_domain.AccountFilter(wish.name_contains, wish.tag, name)
    return {"filter": conditions, "order": order_by, "first": first, "after": after}


async def _account(
    info: Request,
    id: Annotated[strawberry.ID | None, strawberry.argument(description="Its id here.")] = None,
    external_id: Annotated[
        ExternalIdInput | None, strawberry.argument(description="Its name in another system.")
    ] = None,
    as_of: AsOfNow = None,
) -> Any:
    if (id is None) == (external_id is None):
        raise InvalidInput("id", id, "either id or externalId")
    if external_id is None:
        key = parse_id(id or "", "Account", "id")[1]
    else:
        name = _external_id(external_id)
        key = await info.context.call(accounts_store.account_called, name, as_of)
    return await NODES["Account"](info, key, as_of) if key else None


@strawberry.type
class Query:
    account: Account | None = strawberry.field(
        resolver=_account,
        description="An account by its id or by its name in another system; null if there is none.",
    )
    accounts: Connection[Account] | None = called(
        accounts_store.account_page, "All accounts, page by page.", takes=_list_arguments
    )

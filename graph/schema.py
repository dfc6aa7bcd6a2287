"""The graph: Account, Member and the roots put together from the services' parts."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.types import Info

from graph import keys
from graph.context import GraphContext
from graph.faults import Graph
from graph.limits import EXTENSIONS
from graph.scopes import guard, guard_payloads
from graph.subscriptions import RiskUpdate, Subscription
from services.accounts import schema as accounts
from services.billing.schema import changes as billing_changes
from services.billing.schema import fields as billing_fields
from services.learning import schema as learning
from services.risk import schema as risk
from services.usage import schema as usage
from shared.graphql.context import Node, global_id
from shared.graphql.scalars import SCALARS
from shared.platform.auth import SCOPES
from shared.vocabulary.errors import InvalidInput
from shared.vocabulary.ids import parsed_id

NODES_MOST = 100
Request = Info[GraphContext, None]


@strawberry.type(description="A customer company.")
class Account(
    Node,
    accounts.AccountFields,
    usage.AccountFields,
    billing_fields.AccountFields,
    learning.AccountFields,
    risk.AccountFields,
):
    """Known by its id alone; each service resolves its own fields from it, in batches."""

    @classmethod
    def of(cls, key: UUID) -> "Account":
        return cls(id=global_id("Account", key), key=key)


@strawberry.type(description="A person of an account: uses the product, learns.")
class Member(Node, accounts.MemberFields, learning.MemberFields):
    """Known by its id alone, as an account is."""

    @classmethod
    def of(cls, key: UUID) -> "Member":
        return cls(id=global_id("Member", key), key=key)


OBJECTS: Mapping[str, Callable[[UUID], Any]] = {"Account": Account.of, "Member": Member.of}
BY_ID: dict[str, Callable[[Info[Any, None], UUID], Awaitable[Any]]] = {
    **accounts.NODES,
    **learning.NODES,
    **risk.NODES,
}


@strawberry.type(description="Who asks.")
class Viewer:
    tenant: strawberry.ID = strawberry.field(description="The tenant whose rows are seen.")
    subject: str = strawberry.field(description="The key or person that asks.")
    scopes: list[str] = strawberry.field(description=f"Some of {', '.join(SCOPES)}.")
    time_zone: str = strawberry.field(description="Zone in which the tenant's days begin.")


@strawberry.type
class Query(accounts.Query, usage.Query, learning.Query, risk.Query, keys.Query):
    @strawberry.field(description="Who asks, and what they may do.")
    def viewer(self, info: Request) -> Viewer:
        principal = info.context.principal
        return Viewer(
            tenant=global_id("Tenant", principal.tenant_id),
            subject=principal.subject,
            scopes=list(principal.scopes),
            time_zone=principal.time_zone,
        )

    @strawberry.field(description="Anything by its id; null when there is no such thing.")
    async def node(
        self,
        info: Request,
        id: Annotated[strawberry.ID, strawberry.argument(description="An id of this API.")],
    ) -> Node | None:
        return await _fetched(info, id)

    @strawberry.field(description="Several things by their ids, in that order.")
    async def nodes(
        self,
        info: Request,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="At most 100 ids.")],
    ) -> list[Node | None]:
        if len(ids) > NODES_MOST:
            raise InvalidInput("ids", f"{len(ids)} ids", f"at most {NODES_MOST}")
        fetches = (_fetched(info, one, "ids") for one in ids)
        found: list[Any] = await asyncio.gather(*fetches, return_exceptions=True)
        return found  # an exception among them is an error at its own place


async def _fetched(info: Request, given: str, argument: str = "id") -> Any:
    kind, key = parsed_id(given, argument=argument)
    fetch = BY_ID.get(kind)
    return await fetch(info, key) if fetch else None


@strawberry.type
class Mutation(
    accounts.Mutation,
    usage.Mutation,
    billing_changes.Mutation,
    learning.Mutation,
    risk.Mutation,
    keys.Mutation,
):
    """Each service's deeds."""


schema = Graph(
    query=guard(Query),
    mutation=guard_payloads(guard(Mutation)),
    subscription=guard(Subscription),
    types=[Account, Member, RiskUpdate],
    extensions=EXTENSIONS,
    config=StrawberryConfig(scalar_map=SCALARS),
)

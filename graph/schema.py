"""The graph: Account, Member and the roots put together from the services' parts."""

import asyncio
from typing import Annotated, Any

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.types import Info

from graph import keys, tenants
from graph.context import GraphContext
from graph.faults import Graph
from graph.limits import EXTENSIONS
from graph.scopes import guard, guard_payloads
from graph.subscriptions import RiskUpdate, Subscription
from services.accounts.schema import account_fields as accounts_account_fields
from services.accounts.schema import member_fields as accounts_member_fields
from services.accounts.schema import mutations as accounts_mutations
from services.accounts.schema import nodes as accounts_nodes
from services.accounts.schema import queries as accounts_queries
from services.billing.schema import account_fields as billing_account_fields
from services.billing.schema import mutations as billing_mutations
from services.learning.schema import account_fields as learning_account_fields
from services.learning.schema import member_fields as learning_member_fields
from services.learning.schema import mutations as learning_mutations
from services.learning.schema import nodes as learning_nodes
from services.learning.schema import queries as learning_queries
from services.risk.schema import account_fields as risk_account_fields
from services.risk.schema import mutations as risk_mutations
from services.risk.schema import nodes as risk_nodes
from services.risk.schema import queries as risk_queries
from services.usage.schema import account_fields as usage_account_fields
from services.usage.schema import mutations as usage_mutations
from services.usage.schema import queries as usage_queries
from shared.graphql.fields import Fetch
from shared.graphql.objects import Node
from shared.graphql.scalars import SCALARS, global_id
from shared.platform.auth import SCOPES
from shared.vocabulary.errors import InvalidInput
from shared.vocabulary.ids import parse_id

MAX_NODES = 100
Request = Info[GraphContext, None]


@strawberry.type(description="A customer company.")
class Account(
    accounts_account_fields.AccountFields,
    usage_account_fields.AccountFields,
    billing_account_fields.AccountFields,
    learning_account_fields.AccountFields,
    risk_account_fields.AccountFields,
):
    """Known by its id alone; each service resolves its own fields from it, in batches."""


@strawberry.type(description="A person of an account, who uses the product and learns.")
class Member(accounts_member_fields.MemberFields, learning_member_fields.MemberFields):
    """Known by its id alone, as an account is."""


BY_ID: dict[str, Fetch] = {**accounts_nodes.NODES, **learning_nodes.NODES, **risk_nodes.NODES}


@strawberry.type(description="The caller.")
class Viewer:
    tenant: strawberry.ID = strawberry.field(description="The tenant whose data the caller sees.")
    subject: str = strawberry.field(description="The key or the person that calls.")
    scopes: list[str] = strawberry.field(description=f"Some of {', '.join(SCOPES)}.")
    time_zone: str = strawberry.field(description="The time zone in which the tenant's days begin.")


@strawberry.type
class Query(
    accounts_queries.Query,
    usage_queries.Query,
    learning_queries.Query,
    risk_queries.Query,
    keys.Query,
):
    @strawberry.field(description="The caller, and what the caller may do.")
    def viewer(self, info: Request) -> Viewer:
        principal = info.context.principal
        return Viewer(
            tenant=global_id("Tenant", principal.tenant_id),
            subject=principal.subject,
            scopes=list(principal.scopes),
            time_zone=principal.time_zone,
        )

    @strawberry.field(description="Any object by its id; null if there is none.")
    async def node(
        self,
        info: Request,
        id: Annotated[strawberry.ID, strawberry.argument(description="An id of this API.")],
    ) -> Node | None:
        return await _fetch(info, id)

    @strawberry.field(description="Several objects by their ids, in the same order.")
    async def nodes(
        self,
        info: Request,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="At most 100 ids.")],
    ) -> list[Node | None]:
        if len(ids) > MAX_NODES:
            raise InvalidInput("ids", f"{len(ids)} ids", f"at most {MAX_NODES}")
        fetches = (_fetch(info, text, "ids") for text in ids)
        objects: list[Any] = await asyncio.gather(*fetches, return_exceptions=True)
        return objects  # an exception among them is an error at its own place


async def _fetch(info: Request, text: str, argument: str = "id") -> Any:
    kind, key = parse_id(text, argument=argument)
    fetch = BY_ID.get(kind)
    return await fetch(info, key) if fetch else None


@strawberry.type
class Mutation(
    accounts_mutations.Mutation,
    usage_mutations.Mutation,
    billing_mutations.Mutation,
    learning_mutations.Mutation,
    risk_mutations.Mutation,
    keys.Mutation,
    tenants.Mutation,
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

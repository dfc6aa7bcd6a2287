"""Every field of the graph, asked with another tenant's ids: as if there were no such thing."""

from typing import Any
from uuid import UUID, uuid4

import pytest
import strawberry
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    build_schema,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)
from strawberry.schema.config import StrawberryConfig

from graph.schema import BY_ID, Account, Member, schema
from shared.graphql.scalars import SCALARS
from shared.platform.auth import SCOPES, Principal
from shared.platform.config import Settings
from shared.vocabulary.ids import global_id
from tests.conftest import DatabaseOf
from tests.graph.suite import ACCOUNTS, Suite, fill, of, take

BUILT = build_schema(schema.as_str())
DEPTH = 4
GIVEN = {
    "withinDays": "90",
    "from": '"2026-01-01T00:00:00Z"',
    "to": '"2026-02-01T00:00:00Z"',
    "changes": "[]",
}
OF_THE_CALLER = {"id", "asOf", "from", "to", "cursor", "startCursor", "endCursor", "startAt"}


@strawberry.type
class Doors:
    """Objects made from nothing but a key, as no root field of ours would make them."""

    account: Account
    member: Member


BARE = strawberry.Schema(query=Doors, config=StrawberryConfig(scalar_map=SCALARS))


def everything(kind: GraphQLObjectType | GraphQLInterfaceType, depth: int) -> str:
    """A selection of every field that can be asked, with every required argument."""
    parts = [part for name, of in kind.fields.items() if (part := asked(name, of, depth))]
    return " ".join(parts)


def asked(name: str, of: GraphQLField, depth: int) -> str | None:
    if name in OF_THE_CALLER:
        return None
    needed = [argument for argument, given in of.args.items() if is_required_argument(given)]
    arguments = ", ".join(f"{argument}: {GIVEN[argument]}" for argument in needed)
    call = f"{name}({arguments})" if arguments else name
    inner = get_named_type(of.type)
    if is_leaf_type(inner):
        return call
    if depth == 0 or not isinstance(inner, GraphQLObjectType):
        return None
    selection = everything(inner, depth - 1)
    return f"{call} {{ {selection} }}" if selection else None


def selection(name: str) -> str:
    kind = BUILT.type_map[name]
    assert isinstance(kind, GraphQLObjectType)
    return everything(kind, DEPTH)


async def seen(suite: Suite, caller: Principal, account: UUID, member: UUID) -> Any:
    """Everything the caller can learn about an account and a member, errors included."""
    doors = Doors(account=Account.at(account), member=Member.at(member))
    query = f"{{ account {{ {selection('Account')} }} member {{ {selection('Member')} }} }}"
    result = await BARE.execute(query, context_value=suite.context(caller), root_value=doors)
    refusals = sorted(
        (str(error.path), type(error.original_error).__name__) for error in result.errors or []
    )
    return result.data, refusals


@pytest.fixture
async def suite(settings: Settings, database: DatabaseOf) -> Suite:
    return await of(settings, database)


async def test_another_tenants_objects_look_like_none_at_all(
    suite: Suite, principal: Principal, other_tenant: UUID
) -> None:
    rival = Principal(other_tenant, "rival", SCOPES)
    account = (await fill(suite, principal, 3))[0]
    (member,) = await take(
        suite, principal, ACCOUNTS, "members", [{"accountId": str(account), "externalId": "kim"}]
    )
    await fill(suite, rival, 1)

    own, _ = await seen(suite, principal, account, member)
    theirs = await seen(suite, rival, account, member)
    nobody = await seen(suite, rival, uuid4(), uuid4())

    assert own["account"]["name"] == "Company 00"
    assert own["account"]["billing"]["mrr"]["cents"] == 15_000
    assert own["member"]["externalId"] == "kim"
    assert theirs == nobody


@pytest.mark.parametrize("kind", sorted(BY_ID))
async def test_node_gives_nothing_of_another_tenant(
    kind: str, suite: Suite, principal: Principal, other_tenant: UUID
) -> None:
    rival = Principal(other_tenant, "rival", SCOPES)
    keys = await fill(suite, principal, 1)

    data, _ = await suite.ask(rival, f'{{ node(id: "{global_id(kind, keys[0])}") {{ id }} }}')

    assert data == {"node": None}


async def test_lists_hold_only_the_callers_rows(
    suite: Suite, principal: Principal, other_tenant: UUID
) -> None:
    rival = Principal(other_tenant, "rival", SCOPES)
    await fill(suite, principal, 3)

    data, _ = await suite.ask(
        rival,
        "{ accounts { nodes { id } } atRisk { nodes { key: account { id } } }"
        " models { nodes { id } } courses { nodes { id } } pendingEvents { nodes { eventId } } }",
    )

    assert data == {name: {"nodes": []} for name in data}

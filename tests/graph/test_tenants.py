"""Every field of the graph, asked with another tenant's ids: as if there were no such thing."""

from typing import Any
from uuid import UUID, uuid4

import pytest
import strawberry
from strawberry.schema.config import StrawberryConfig

from graph.schema import BY_ID, Account, Member
from shared.graphql.scalars import SCALARS
from shared.platform.auth import SCOPES, Principal
from shared.platform.config import Settings
from shared.vocabulary.ids import global_id
from tests.conftest import DatabaseOf
from tests.graph.processes import ACCOUNTS, Suite, fill, of, take
from tests.graph.questions import Questions, object_type

ARGUMENTS = {
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


def selection(name: str) -> str:
    return Questions(ARGUMENTS, OF_THE_CALLER).whole(object_type(name))


async def answers_of(suite: Suite, caller: Principal, account: UUID, member: UUID) -> Any:
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

    own, _ = await answers_of(suite, principal, account, member)
    theirs = await answers_of(suite, rival, account, member)
    nobody = await answers_of(suite, rival, uuid4(), uuid4())

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

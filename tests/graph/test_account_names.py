"""In mutations, too, an account is known by what another system calls it."""

from typing import Any

import pytest
from graphql import GraphQLInputObjectType

from graph.schema import schema
from shared.platform.auth import Principal
from shared.platform.config import Settings
from shared.vocabulary.ids import global_id
from tests.conftest import DatabaseOf
from tests.graph.processes import ACCOUNTS, Suite, of, take

CRM = {"source": "crm", "id": "7"}
CONTRACT = {"externalId": "c1", "startOn": "2026-01-01", "termMonths": 12, "autoRenew": True}
LINE = {"id": "s1", "plan": "team", "quantity": 1, "unitPriceCents": 9, "interval": "MONTH"}
BILL = {"id": "i1", "amountCents": 100, "issuedAt": "2026-01-01T00:00:00Z", "dueOn": "2026-02-01"}
PRICED = {"currency": "eur"}
UPSERTS: list[tuple[str, str, dict[str, Any], str]] = [
    ("contractUpsert", "ContractUpsertInput", CONTRACT, "accountExternalId"),
    ("subscriptionUpsert", "SubscriptionUpsertInput",
     LINE | PRICED | {"startedAt": "2026-01-01"}, "externalId"),
    ("invoiceUpsert", "InvoiceUpsertInput", BILL | PRICED, "externalId"),
]  # fmt: skip


@pytest.fixture
async def suite(settings: Settings, database: DatabaseOf, principal: Principal) -> Suite:
    suite = await of(settings, database)
    await take(suite, principal, ACCOUNTS, "accounts", [{"name": "Acme", "externalId": CRM}])
    return suite


def test_every_upsert_of_rows_that_name_an_account_takes_a_name() -> None:
    inputs = [
        kind
        for name, kind in schema._schema.type_map.items()
        if isinstance(kind, GraphQLInputObjectType)
        and "accountId" in kind.fields
        and name.endswith(("UpsertInput", "MemberInput"))
    ]
    assert len(inputs) == 4
    for kind in inputs:
        assert "AccountNameInput" in {str(field.type) for field in kind.fields.values()}


@pytest.mark.parametrize(("mutation", "kind", "row", "field"), UPSERTS)
async def test_one_row_by_name(
    suite: Suite, principal: Principal, mutation: str, kind: str, row: dict[str, Any], field: str
) -> None:
    query = (
        f"mutation ($input: {kind}!) {{ {mutation}(input: $input)"
        " { account { name } userErrors { field message } } }"
    )

    async def upsert(**more: Any) -> Any:
        result = await suite.run(principal, query, {"input": row | more})
        assert result.errors is None
        assert result.data is not None
        return result.data[mutation]

    assert await upsert(**{field: CRM}) == {"account": {"name": "Acme"}, "userErrors": []}
    nobody = await upsert(**{field: {"source": "crm", "id": "8"}})
    assert [error["field"] for error in nobody["userErrors"]] == [field]
    both = await upsert(**{field: CRM, "accountId": "x"})
    assert [error["field"] for error in both["userErrors"]] == [field]
    neither = await upsert()
    assert [error["field"] for error in neither["userErrors"]] == ["accountId"]


async def test_of_several_rows_each_names_its_account_in_its_way(
    suite: Suite, principal: Principal
) -> None:
    (key,) = await take(suite, principal, ACCOUNTS, "accounts", [{"name": "B", "externalId": CRM}])
    members = [
        {"externalId": "ann", "accountExternalId": CRM},
        {"externalId": "bob", "accountExternalId": {"source": "", "id": "\0"}},
        {"externalId": "cid", "accountExternalId": {"source": "crm", "id": "8"}},
        {"externalId": "dan", "accountId": global_id("Account", key)},
        {"externalId": "ann", "accountId": global_id("Account", key)},
    ]
    query = (
        "mutation ($members: [MemberInput!]!) { membersUpsert(input: {members: $members})"
        " { members { externalId account { name } } userErrors { field } } }"
    )
    result = await suite.run(principal, query, {"members": members})

    assert result.errors is None
    assert result.data is not None
    answer = result.data["membersUpsert"]
    assert [member["externalId"] for member in answer["members"]] == ["ann", "dan", "ann"]
    assert {member["account"]["name"] for member in answer["members"]} == {"B"}
    assert [error["field"] for error in answer["userErrors"]] == [
        "members[1].accountExternalId.source", "members[2].accountExternalId",
    ]  # fmt: skip

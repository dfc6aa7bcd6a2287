"""A row among many in a mutation is refused alone, whatever stands in it."""

from typing import Any

from shared.platform.auth import Principal
from shared.platform.config import Settings
from tests.conftest import DatabaseOf
from tests.graph.processes import ACCOUNTS, of, take

QUERY = (
    "mutation ($members: [MemberInput!]!) { membersUpsert(input: {members: $members})"
    " { members { externalId } userErrors { field message } } }"
)
CRM = {"source": "crm", "id": "7"}
VALUES: list[tuple[str, Any]] = [
    ("startedAt", "0001-01-01T00:00:00Z"), ("startedAt", "soon"), ("startedAt", {}),
    ("endedAt", 7), ("endedAt", True), ("level", 2**40), ("level", 9), ("level", "x"),
    ("level", 1.5), ("email", 7), ("email", "a\0b"), ("email", [1]), ("role", ""),
    ("internal", "x"), ("accountId", 7), ("id", "x"), ("externalId", {"a": 1}),
    ("email", "\ud800@b"), ("role", "\udc00"),
]  # fmt: skip


async def test_a_hostile_row_of_a_list_costs_itself_only(
    settings: Settings, database: DatabaseOf, principal: Principal
) -> None:
    suite = await of(settings, database)
    await take(suite, principal, ACCOUNTS, "accounts", [{"name": "Acme", "externalId": CRM}])
    good = {"externalId": "ann", "accountExternalId": CRM, "startedAt": "2026-11-01"}
    for field, value in VALUES:
        named = "accountExternalId" if field == "accountId" else field
        bad = {key: item for key, item in good.items() if key != named} | {field: value}
        members = [good, bad, good | {"externalId": "bob", "startedAt": 1793525400}]
        result = await suite.run(principal, QUERY, {"members": members})

        assert result.errors is None, (field, value)
        assert result.data is not None
        answer = result.data["membersUpsert"]
        assert [member["externalId"] for member in answer["members"]] == ["ann", "bob"]
        (error,) = answer["userErrors"]
        assert error["field"].startswith(f"members[1].{field}"), (field, value)

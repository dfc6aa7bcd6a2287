"""Every value that the schema takes gets an answer or a refusal in words, wherever it is given."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from graphql import (
    GraphQLError,
    GraphQLInputObjectType,
    Undefined,
    get_named_type,
    is_required_argument,
    type_from_ast,
)
from graphql.language import parse_type
from graphql.utilities import coerce_input_value

from graph.schema import schema
from services.risk.actions import models as models_actions
from services.risk.actions import scores as scores_actions
from services.risk.domain.queue import UpdateReason
from services.risk.store.queue import ask
from shared.platform.auth import Principal
from shared.platform.config import Settings
from shared.vocabulary.ids import global_id
from tests.conftest import DatabaseOf
from tests.graph.hostile import NOW, hostile, meant
from tests.graph.processes import ACCOUNTS, BILLING, Suite, fill, of, take
from tests.graph.questions import Questions, object_type
from tests.graph.walk import Door, doors
from tests.services.risk.examples import a_model, a_score, later

AT_ONCE = 50
NAMED = re.compile(r"(?:Argument ')?(\w+)")
BESIDE = {"asOf": ("id",)}
"""Arguments that make sense only beside others."""
WHOLE = {"row", "body"}
"""What a message names where the whole input is too large."""
CODES = {"INVALID_INPUT", "NOT_FOUND", "CONFLICT"}
ENTRANCES = {
    "account": "account(id: $account)",
    "atRisk": "atRisk",
    "championModel": "championModel",
}
USUAL: dict[str, Any] = {
    "name": "Acme", "scopes": "read", "source": "crm", "startOn": "2026-01-01", "termMonths": 12,
    "autoRenew": True, "amountCents": 100, "unitPriceCents": 100, "quantity": 1, "currency": "EUR",
    "issuedAt": "2026-01-01T00:00:00Z", "dueOn": "2026-02-01", "startedAt": "2026-01-01T00:00:00Z",
    "plan": "team", "code": "basics", "title": "Basics", "minutes": 20, "skill": "reports",
    "level": 1, "modality": "video", "courseCode": "basics", "occurredAt": "2026-01-01T00:00:00Z",
    "renewalProbability": 0.5, "version": "m-1", "key": "reports", "member": "ann", "id": "x",
    "withinDays": 90, "rejects": False, "feature": "events_28d", "features": "events_28d",
    "tags": "a", "plans": "team", "roles": "user", "prerequisites": "basics",
    "Date.from": "2026-01-01", "Date.to": "2026-02-01", "DateTime.from": "2026-01-01T00:00:00Z",
    "DateTime.to": "2026-02-01T00:00:00Z",
}  # fmt: skip
"""What is usually said, by the name of its place; where a name has two types, by both."""

QUERIES = list(doors("Query", ENTRANCES))
MUTATIONS = list(doors("Mutation", {}))


@pytest.fixture
async def suite(settings: Settings, database: DatabaseOf) -> Suite:
    return await of(settings, database)


async def a_world(suite: Suite, principal: Principal) -> dict[str, Any]:
    """An account with everything that can be asked of one; what is usually said of it."""
    (key, _) = await fill(suite, principal, 2)
    row = {"accountId": str(key)}
    (member,) = await take(suite, principal, ACCOUNTS, "members", [row | {"externalId": "ann"}])
    bill = {name: USUAL[name] for name in ("amountCents", "currency", "issuedAt", "dueOn")}
    await take(suite, principal, BILLING, "invoices", [row | bill | {"id": "1"}])
    model = a_model()
    async with suite.databases["risk"].write(principal.tenant_id) as conn:
        await models_actions.publish(conn, model, principal)
        await ask(conn, [key], UpdateReason.NEW_DATA)
        await scores_actions.save(conn, [later(a_score(model, scored_at=NOW), key)])
    account = global_id("Account", key)
    ids = {"accountId": account, "accountIds": account, "memberId": global_id("Member", member)}
    return USUAL | ids | {"ids": account, "account": account, "ID.id": account}


def may_stand(kind: Any, value: Any) -> bool:
    """Whether the type takes the value: what it does not take, GraphQL refuses by itself."""
    of_ours: Any = type_from_ast(schema._schema, parse_type(str(kind)))  # which knows our scalars
    return coerce_input_value(value, of_ours) is not Undefined


def some_values(door: Door, argument: str, usual: dict[str, Any]) -> Iterator[list[Any]]:
    """The hostile values of an argument, as many at a time as one operation may ask for."""
    kind = door.arguments[argument].type
    values = [value for value in hostile(argument, kind, usual) if may_stand(kind, value)]
    for start in range(0, len(values), AT_ONCE):
        yield values[start : start + AT_ONCE]


def query_with(
    door: Door, argument: str, values: list[Any], usual: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    """One operation that gives an argument each of the values, beside one who means well."""
    beside = {
        name: (str(other.type), meant(name, other.type, usual))
        for name, other in door.arguments.items()
        if name != argument and (is_required_argument(other) or name in BESIDE.get(argument, ()))
    }
    outside = {"account": ("ID!", usual["account"])} if "$account" in str(door.way) else {}
    kind = str(door.arguments[argument].type)
    own = {f"v{place}": (kind, value) for place, value in enumerate(values)}
    variables = beside | outside | own
    inner, selection = door.fragment()
    others = "".join(f", {name}: ${name}" for name in beside)
    calls = [f"c{n}: {door.name}({argument}: $v{n}{others}) {inner}" for n in range(len(values))]
    root, other = ("mutation", "") if door.kind == "Mutation" else ("query", "viewer { tenant }")
    head = ", ".join(f"${name}: {kind}" for name, (kind, _) in variables.items())
    text = f"{root}({head}) {{ {other} {door.query(' '.join(calls))} }} {selection}"
    return text, {name: value for name, (_, value) in variables.items()}


async def answered(
    suite: Suite, principal: Principal, door: Door, usual: dict[str, Any]
) -> list[str]:
    """What is wrong with the answers to hostile values of every argument of a field."""
    wrong: list[str] = []
    for argument in door.arguments:
        for values in some_values(door, argument, usual):
            query, variables = query_with(door, argument, values, usual)
            result = await suite.run(principal, query, variables)
            if result.data is None:
                wrong.append(f"{door}({argument}): nothing at all")
            refusals = [
                (place(error.path or ()), code(error), error.message)
                for error in result.errors or []
            ]
            if door.kind == "Mutation":
                refusals += said_to_the_user(result.data or {})
            wrong += [
                f"{door}({argument}: {values[at]!r:.60}): {flaw}"
                for at, refusal, message in refusals
                if (flaw := flaw_of(refusal, message, names(door)))
            ]
    return wrong


def said_to_the_user(data: dict[str, Any]) -> Iterator[tuple[int, str, str]]:
    """The user errors of each mutation: which, code and message."""
    for alias, payload in data.items():
        for error in payload["userErrors"] if payload else []:
            yield int(alias[1:]), error["code"], error["message"]


def code(error: GraphQLError) -> str:
    return str((error.extensions or {}).get("code"))


def place(path: Sequence[str | int]) -> int:
    """Which of the calls the error is about."""
    return next(int(str(part)[1:]) for part in path if str(part)[1:].isdigit())


def names(door: Door) -> set[str]:
    """The field's arguments, and all that their types are made of."""
    waiting = [(name, argument.type) for name, argument in door.arguments.items()]
    arguments: set[str] = set()
    while waiting:
        name, kind = waiting.pop()
        arguments.add(name)
        inner = get_named_type(kind)
        if isinstance(inner, GraphQLInputObjectType):
            waiting += [(name, field.type) for name, field in inner.fields.items()]
    return arguments


def flaw_of(code: str, message: str, names: set[str]) -> str:
    """What a client could not make sense of in a refusal; empty where all is said."""
    if code not in CODES:
        return f"{code}: {message}"
    named = NAMED.match(message)
    if code == "INVALID_INPUT" and (named is None or named[1] not in names | WHOLE):
        return f"names no argument: {message}"
    return ""


@pytest.mark.parametrize("kind", sorted({door.kind for door in QUERIES}))
async def test_no_value_of_a_query_is_answered_as_a_bug_of_ours(
    kind: str, suite: Suite, principal: Principal
) -> None:
    usual = await a_world(suite, principal)
    of_kind = [door for door in QUERIES if door.kind == kind]
    wrong = [flaw for door in of_kind for flaw in await answered(suite, principal, door, usual)]
    assert not wrong, "\n".join(wrong)


async def test_no_value_of_a_mutation_is_answered_as_a_bug_of_ours_now_or_later(
    suite: Suite, principal: Principal
) -> None:
    usual = await a_world(suite, principal)
    wrong = [flaw for door in MUTATIONS for flaw in await answered(suite, principal, door, usual)]
    assert not wrong, "\n".join(wrong)
    everything = Questions({"changes": "[]"}, depth=3).whole(object_type("Account"))
    accounts = f"{{ accounts(first: 100) {{ nodes {{ {everything} }} }} }}"
    result = await suite.run(principal, accounts)
    assert {code(error) for error in result.errors or []} <= CODES, result.errors


async def test_a_null_where_a_default_stands_means_the_default(
    suite: Suite, principal: Principal
) -> None:
    usual = await a_world(suite, principal)
    query = """query($first: Int, $order: AccountOrder, $days: Int, $a: ID!) {
      accounts(first: $first, orderBy: $order) { nodes { id } }
      account(id: $a) { risk { survivalCurve(days: $days) { days } } }
    }"""
    left_out = await suite.run(principal, query, {"a": usual["account"]})
    null = dict.fromkeys(("first", "order", "days"))
    with_null = await suite.run(principal, query, {"a": usual["account"]} | null)
    assert (with_null.data, with_null.errors) == (left_out.data, None)
    key = (
        "mutation($i: FeatureUpsertInput!) { featureUpsert(input: $i) { feature { tier plans } } }"
    )
    nulls = {"key": "reports", "tier": None, "plans": None, "sticky": None}
    result = await suite.run(principal, key, {"i": nulls})
    assert result.data == {"featureUpsert": {"feature": {"tier": "BASIC", "plans": []}}}


async def test_one_bad_id_of_several_leaves_the_others(suite: Suite, principal: Principal) -> None:
    (key,) = await fill(suite, principal, 1)
    good = global_id("Account", key)
    result = await suite.run(
        principal, f'{{ nodes(ids: ["{good}", "x", "{good}"]) {{ id }} viewer {{ subject }} }}'
    )
    assert result.data == {
        "nodes": [{"id": good}, None, {"id": good}], "viewer": {"subject": principal.subject},
    }  # fmt: skip
    assert [(error.path, code(error)) for error in result.errors or []] == [
        (["nodes", 1], "INVALID_INPUT")
    ]


@pytest.mark.parametrize("literal", ["1e999", "-1e999", "9" * 5_000, "1e-999"])
async def test_numbers_beyond_all_bounds_are_refused_in_words(
    literal: str, suite: Suite, principal: Principal
) -> None:
    account = global_id("Account", (await fill(suite, principal, 1))[0])
    for field in (
        f'expectationRecord(input: {{accountId: "{account}", renewalProbability: {literal}}})',
        f'accountUpsert(input: {{name: "a", traits: {{a: {literal}}}}})',
        f"modelTrain(input: {{everyDays: {literal}}})",
    ):
        mutation = f"mutation {{ c0: {field} {{ userErrors {{ code message }} }} }}"
        result = await suite.run(principal, mutation)
        codes = {code(error) for error in result.errors or []}
        codes |= {refusal for _, refusal, _ in said_to_the_user(result.data or {})}
        assert codes <= CODES | {"GRAPHQL_VALIDATION_FAILED"}, result
    result = await suite.run(principal, "{ accounts { nodes { traits } } }")
    assert result.errors is None

"""The public contract: printed, described, and safe when a service is away."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    Undefined,
    build_schema,
    print_schema,
)

from graph.schema import schema

ROOT = Path(__file__).parents[2]
BUILT = build_schema(schema.as_str())
AT_HAND = {"id"}


def test_the_printed_schema_is_the_committed_one() -> None:
    committed = (ROOT / "graph" / "schema.graphql").read_text()
    assert print_schema(build_schema(committed)) == print_schema(BUILT), "run `make schema`"


@pytest.mark.parametrize("name", ["Account", "Member"])
def test_what_a_service_resolves_may_be_null(name: str) -> None:
    kind = BUILT.type_map[name]
    assert isinstance(kind, GraphQLObjectType)
    firm = {field for field, of in kind.fields.items() if isinstance(of.type, GraphQLNonNull)}
    assert firm == AT_HAND


OUTPUTS = [kind for kind in BUILT.type_map.values() if isinstance(kind, GraphQLObjectType)]
ALWAYS_AT_HAND = {"Query.viewer", "Subscription.riskUpdates"}


def test_what_may_fail_alone_may_be_null_alone() -> None:
    firm = {
        f"{kind.name}.{name}"
        for kind in OUTPUTS
        for name, field in kind.fields.items()
        if isinstance(field.type, GraphQLNonNull)
        and (field.args or kind in (BUILT.query_type, BUILT.mutation_type))
        and not name.startswith("__")
        and not kind.name.startswith("__")
    }
    assert firm <= ALWAYS_AT_HAND


def test_where_a_default_stands_a_null_may_stand() -> None:
    inputs = [kind for kind in BUILT.type_map.values() if isinstance(kind, GraphQLInputObjectType)]
    arguments = [field.args for kind in OUTPUTS for field in kind.fields.values()]
    firm = [
        name
        for places in (*arguments, *(kind.fields for kind in inputs))
        for name, place in places.items()
        if place.default_value is not Undefined and isinstance(place.type, GraphQLNonNull)
    ]
    assert not firm


ROOTS = ("Query", "Mutation", "Subscription")


def places() -> Iterator[tuple[str, str | None]]:
    """Every type, field, argument and enum value of ours, with its description."""
    for name, kind in BUILT.type_map.items():
        if name.startswith("__"):
            continue
        if name not in ROOTS:
            yield name, kind.description
        yield from within(name, kind)


def within(name: str, kind: GraphQLNamedType) -> Iterator[tuple[str, str | None]]:
    if isinstance(kind, GraphQLEnumType):
        yield from ((f"{name}.{value}", of.description) for value, of in kind.values.items())
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
        for field, of in kind.fields.items():
            yield f"{name}.{field}", of.description
            for argument, place in getattr(of, "args", {}).items():
                yield f"{name}.{field}({argument})", place.description


def test_everything_is_described() -> None:
    assert [place for place, description in places() if not description] == []


def test_lists_that_can_grow_are_connections_of_at_most_a_hundred() -> None:
    for name, kind in BUILT.type_map.items():
        if name.endswith("Connection") and isinstance(kind, GraphQLObjectType):
            assert {"edges", "nodes", "pageInfo"} <= set(kind.fields)


def test_names_of_the_contract_are_kept() -> None:
    contract = {
        "Query": {
            "node", "nodes", "viewer", "account", "accounts", "atRisk", "models", "championModel",
            "courses",
        },
        "Account": {
            "name", "externalIds", "tags", "stage", "members", "contract", "contracts", "usage",
            "billing", "learning", "support", "health", "risk", "riskHistory", "riskChange",
        },
        "Mutation": {
            "accountUpsert", "membersUpsert", "contractUpsert", "learningPathRecommend",
            "courseProgressRecord", "riskRescore", "modelPromote",
        },
        "Subscription": {"riskUpdates"},
    }  # fmt: skip
    for name, fields in contract.items():
        kind = BUILT.type_map[name]
        assert isinstance(kind, GraphQLObjectType)
        assert fields <= set(kind.fields)

"""Questions generated from the schema: every field of a type, with every argument it requires."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    build_schema,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
    is_required_input_field,
)
from strawberry.schema.config import StrawberryConfig

from graph.schema import Account, Member, Mutation, Query, RiskUpdate, schema
from shared.graphql.scalars import SCALARS

Kind = GraphQLObjectType | GraphQLInterfaceType

BUILT = build_schema(schema.as_str())
UNLIMITED = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    types=[Account, Member, RiskUpdate],
    config=StrawberryConfig(scalar_map=SCALARS),
)
"""The same graph for questions longer than a client may ask."""

SCALAR_VALUES: Mapping[str, str] = {
    "Boolean": "true",
    "Date": '"2026-01-01"',
    "DateTime": '"2026-01-01T00:00:00Z"',
    "Float": "0.5",
    "ID": '"x"',
    "Int": "90",
    "String": '"x"',
    "WideInt": "90",
}
"""A value of each type, for arguments that have to be given."""


@dataclass
class Questions:
    """Asks for all there is; `values` are those of arguments, by `field.argument` or by name."""

    values: Mapping[str, str] = field(default_factory=dict[str, str])
    omitted: Collection[str] = ()
    """Names of fields that are not asked for."""
    depth: int = 99
    """How many types may lie on one way."""
    asked: set[str] = field(default_factory=set[str])
    """Every `Type.field` that was asked for so far."""

    def whole(self, kind: Kind, above: frozenset[str] = frozenset()) -> str:
        """Every field of a type and of what it leads to; nothing is entered twice on one way."""
        here = above | {kind.name}
        parts = (self.one(kind, name, here) for name in kind.fields)
        return " ".join(part for part in parts if part)

    def one(self, kind: Kind, name: str, here: frozenset[str] = frozenset()) -> str:
        """One field with all below it; nothing where that was entered before."""
        if name in self.omitted:
            return ""
        of = kind.fields[name]
        inner = get_named_type(of.type)
        call = f"{name}{self._arguments(name, of)}"
        if is_leaf_type(inner):
            self.asked.add(f"{kind.name}.{name}")
            return call
        if inner.name in here or not isinstance(inner, GraphQLObjectType) or self._deep(here):
            return ""
        self.asked.add(f"{kind.name}.{name}")
        if kind.name.endswith("Edge"):  # the connection's nodes tell the rest
            return f"{call} {{ __typename }}"
        below = self.whole(inner, here)
        return f"{call} {{ {below} }}" if below else ""

    def _deep(self, here: frozenset[str]) -> bool:
        return len(here) > self.depth

    def node(self, kind: str, key: str) -> str:
        """A thing by its id, and all there is to it."""
        return (
            f'{kind}: node(id: "{key}") {{ ... on {kind} {{ {self.whole(object_type(kind))} }} }}'
        )

    def _arguments(self, name: str, of: GraphQLField) -> str:
        values = {
            argument: self.values.get(f"{name}.{argument}")
            or self.values.get(argument)
            or (self._value(given.type) if is_required_argument(given) else None)
            for argument, given in of.args.items()
        }
        told = ", ".join(f"{key}: {value}" for key, value in values.items() if value)
        return f"({told})" if told else ""

    def _value(self, of: GraphQLInputType) -> str:
        """A value of the type with nothing but what it cannot do without."""
        kind = get_nullable_type(of)
        if is_list_type(kind):
            return "[]"
        if isinstance(kind, GraphQLEnumType):
            return next(iter(kind.values))
        if not isinstance(kind, GraphQLInputObjectType):
            return SCALAR_VALUES[str(kind)]
        told = (
            f"{name}: {self.values.get(name) or self._value(given.type)}"
            for name, given in kind.fields.items()
            if is_required_input_field(given)
        )
        return f"{{ {', '.join(told)} }}"


def object_type(name: str) -> GraphQLObjectType:
    """A type of the graph by its name."""
    kind = BUILT.type_map[name]
    assert isinstance(kind, GraphQLObjectType)
    return kind


def reachable(root: str = "Query") -> Iterator[str]:
    """Every `Type.field` that a question of this root can come to."""
    waiting, seen = [root], {root}
    while waiting:
        kind = object_type(waiting.pop())
        for name, of in kind.fields.items():
            yield f"{kind.name}.{name}"
            inner = get_named_type(of.type)
            if isinstance(inner, GraphQLObjectType) and inner.name not in seen:
                seen.add(inner.name)
                waiting.append(inner.name)

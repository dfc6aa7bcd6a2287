"""Questions generated from the schema: every field of a type, with every argument it requires."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLNamedType,
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
    "Int": "1",
    "String": '"x"',
    "WideInt": "1",
}
"""A value of each type, for arguments that have to be given."""


ONE_OF = {"accountId", "name"}
"""Fields of inputs that may be left out only where another one stands for them."""


def is_needed(name: str, place: GraphQLInputField) -> bool:
    """Whether an input makes no sense without the field."""
    return is_required_input_field(place) or name in ONE_OF


@dataclass
class Questions:
    """Asks for all there is; `values` are those of arguments, by `field.argument` or by name."""

    values: Mapping[str, str] = field(default_factory=dict[str, str])
    omitted: Collection[str] = ()
    """Names of fields that are not asked for."""
    depth: int = 99
    """How many types may be entered one below the other."""
    fields: set[str] = field(default_factory=set[str])
    """Every `Type.field` that was asked for so far."""

    def whole(self, kind: Kind, above: frozenset[str] = frozenset()) -> str:
        """Every field of a type and of what it leads to; nothing is entered twice on one way."""
        here = above | {kind.name}
        parts = (self.question(kind, name, here) for name in kind.fields)
        return " ".join(part for part in parts if part)

    def question(self, kind: Kind, name: str, here: frozenset[str] = frozenset()) -> str:
        """One field with all below it; nothing where that was entered before."""
        if name in self.omitted:
            return ""
        inner = get_named_type(kind.fields[name].type)
        call = self.call(kind, name)
        if is_leaf_type(inner):
            self.fields.add(f"{kind.name}.{name}")
            return call
        entered = inner.name in here or len(here) > self.depth
        if entered or not isinstance(inner, GraphQLObjectType):
            return ""
        self.fields.add(f"{kind.name}.{name}")
        if kind.name.endswith("Edge"):  # the connection's nodes tell the rest
            return f"{call} {{ __typename }}"
        below = self.whole(inner, here)
        return f"{call} {{ {below} }}" if below else ""

    def node(self, kind: str, key: str) -> str:
        """A thing by its id, and all there is to it."""
        everything = self.whole(object_type(kind))
        return f'{kind}: node(id: "{key}") {{ ... on {kind} {{ {everything} }} }}'

    def call(self, kind: Kind, name: str) -> str:
        """A field with the arguments that have a value, and all that have to have one."""
        values = {
            argument: self.values.get(f"{name}.{argument}")
            or (is_required_argument(place) and self._value(argument, place.type))
            or self.values.get(argument)
            for argument, place in kind.fields[name].args.items()
        }
        arguments = ", ".join(f"{argument}: {value}" for argument, value in values.items() if value)
        return f"{name}({arguments})" if arguments else name

    def _value(self, name: str, of: GraphQLInputType) -> str:
        """What is given under the name, or a value with nothing but what it cannot do without."""
        kind = get_nullable_type(of)
        if name in self.values:
            return self.values[name]
        if is_list_type(kind):
            return f"[{self._value(name, kind.of_type)}]"
        if isinstance(kind, GraphQLEnumType):
            return next(iter(kind.values))
        if not isinstance(kind, GraphQLInputObjectType):
            return SCALAR_VALUES[str(kind)]
        fields = (
            f"{part}: {self._value(part, place.type)}"
            for part, place in kind.fields.items()
            if is_needed(part, place)
        )
        return f"{{ {', '.join(fields)} }}"


def object_type(name: str) -> GraphQLObjectType:
    """A type of the graph by its name."""
    kind = BUILT.type_map[name]
    assert isinstance(kind, GraphQLObjectType)
    return kind


def reachable(root: str = "Query") -> Iterator[str]:
    """Every `Type.field` that a question of this root can come to."""
    waiting, names = [root], {root}
    while waiting:
        kind = object_type(waiting.pop())
        for name, of in kind.fields.items():
            yield f"{kind.name}.{name}"
            inner = get_named_type(of.type)
            if isinstance(inner, GraphQLObjectType) and inner.name not in names:
                names.add(inner.name)
                waiting.append(inner.name)


def dated() -> Iterator[tuple[str, str]]:
    """Type and name of every field that can be asked for as of a moment."""
    for name, kind in BUILT.type_map.items():
        if isinstance(kind, GraphQLObjectType):
            yield from ((name, field) for field, of in kind.fields.items() if "asOf" in of.args)


def shown(kind: GraphQLNamedType, answer: Any) -> Iterator[tuple[str, Any]]:
    """Every `Type.field` in an answer with its value; those of edges are those of nodes."""
    if isinstance(answer, list):
        for part in answer:
            yield from shown(kind, part)
    elif isinstance(answer, dict) and isinstance(kind, GraphQLObjectType):
        for name, value in answer.items():
            if name in kind.fields and not kind.name.endswith("Edge"):
                yield f"{kind.name}.{name}", value
                yield from shown(get_named_type(kind.fields[name].type), value)

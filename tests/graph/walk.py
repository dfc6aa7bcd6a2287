"""Ways through the graph: every field that takes arguments, and a query that leads to it."""

from collections.abc import Iterator
from dataclasses import dataclass

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    build_schema,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from graph.schema import schema

BUILT = build_schema(schema.as_str())
GIVEN = {
    "withinDays": "90",
    "from": '"2026-01-01T00:00:00Z"',
    "to": '"2026-02-01T00:00:00Z"',
    "changes": "[]",
}
"""A value for each argument that a field cannot do without."""
Composite = GraphQLObjectType | GraphQLInterfaceType


def object_type(name: str) -> Composite:
    """A type that has fields, by its name."""
    kind = BUILT.type_map[name]
    assert isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
    return kind


def everything(
    kind: Composite, depth: int, without: frozenset[str] | set[str] = frozenset()
) -> str:
    """A selection of every field that can be asked, with every required argument."""
    parts = [call(name, field, depth, without) for name, field in kind.fields.items()]
    return " ".join(part for part in parts if part)


def call(
    name: str, field: GraphQLField, depth: int, without: frozenset[str] | set[str] = frozenset()
) -> str | None:
    """A field with its required arguments and all below it; none if nothing can be asked of it."""
    needed = [argument for argument, kind in field.args.items() if is_required_argument(kind)]
    if name in without or any(argument not in GIVEN for argument in needed):
        return None
    arguments = ", ".join(f"{argument}: {GIVEN[argument]}" for argument in needed)
    asked = f"{name}({arguments})" if arguments else name
    inner = get_named_type(field.type)
    if is_leaf_type(inner):
        return asked
    if depth == 0 or not isinstance(inner, GraphQLObjectType):
        return None
    selection = everything(inner, depth - 1, without)
    return f"{asked} {{ {selection} }}" if selection else None


@dataclass(frozen=True, slots=True)
class Door:
    """A field that takes arguments: its type, its name, and the fields that lead there."""

    kind: str
    name: str
    field: GraphQLField
    way: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind}.{self.name}"

    @property
    def arguments(self) -> dict[str, GraphQLArgument]:
        return self.field.args

    def fragment(self) -> tuple[str, str]:
        """What is asked of the field's own type, as a spread and the fragment it spreads."""
        inner = get_named_type(self.field.type)
        if is_leaf_type(inner):
            return "", ""
        kind = object_type(inner.name)
        return "{ ...Asked }", f"fragment Asked on {inner.name} {{ {everything(kind, 2)} }}"

    def query(self, calls: str) -> str:
        """A selection from the root that makes these calls of the field."""
        for step in reversed(self.way):
            calls = f"{step} {{ {calls} }}"
        return calls


def doors(root: str, entrances: dict[str, str]) -> Iterator[Door]:
    """Each field with arguments once, by the shortest way; `entrances` stand for root fields."""
    start = BUILT.type_map[root]
    assert isinstance(start, GraphQLObjectType)
    waiting: list[tuple[GraphQLObjectType, tuple[str, ...]]] = [(start, ())]
    visited = {start.name}
    while waiting:
        kind, way = waiting.pop(0)
        for name, field in kind.fields.items():
            if field.args:
                yield Door(kind.name, name, field, way)
            step = entrances.get(name) if kind is start else _step(name, field)
            inner = get_named_type(field.type)
            if step and isinstance(inner, GraphQLObjectType) and inner.name not in visited:
                visited.add(inner.name)
                waiting.append((inner, (*way, step)))


def _step(name: str, field: GraphQLField) -> str | None:
    return None if any(map(is_required_argument, field.args.values())) else name

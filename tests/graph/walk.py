"""Ways through the graph: every field that takes arguments, and the fields that lead to it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from tests.graph.questions import BUILT, Questions, object_type


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
        kind = BUILT.type_map[inner.name]
        questions = Questions({"changes": "[]"}, depth=2)
        selection = questions.whole(kind) if isinstance(kind, GraphQLObjectType) else "id"
        return "{ ...Asked }", f"fragment Asked on {inner.name} {{ {selection} }}"

    def query(self, calls: str) -> str:
        """A selection from the root that makes these calls of the field."""
        for step in reversed(self.way):
            calls = f"{step} {{ {calls} }}"
        return calls


def doors(root: str, entrances: Mapping[str, str]) -> Iterator[Door]:
    """Each field with arguments once, by the shortest way; `entrances` stand for root fields."""
    waiting: list[tuple[str, tuple[str, ...]]] = [(root, ())]
    visited = {root}
    while waiting:
        kind, way = waiting.pop(0)
        for name, field in object_type(kind).fields.items():
            if field.args:
                yield Door(kind, name, field, way)
            step = entrances.get(name) if kind == root else _step(name, field)
            inner = get_named_type(field.type)
            if step and isinstance(inner, GraphQLObjectType) and inner.name not in visited:
                visited.add(inner.name)
                waiting.append((inner.name, (*way, step)))


def _step(name: str, field: GraphQLField) -> str | None:
    return None if any(map(is_required_argument, field.args.values())) else name

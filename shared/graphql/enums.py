"""Enums of the domain as the graph shows them: the same class, with words for each value."""

from enum import Enum

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from shared.graphql.conversion import CannotShow


def shown_enum(
    kind: type[Enum], description: str, *, as_type: str | None = None, **values: str
) -> None:
    """Let the graph show `kind` (as the type `as_type`), each of its values in these words."""
    if values.keys() != kind.__members__.keys():
        wrong = ", ".join(sorted(values.keys() ^ kind.__members__.keys()))
        raise CannotShow(f"{kind.__name__}: described and existing values differ in {wrong}")
    if not hasattr(kind, "__strawberry_definition__"):  # a field that came first may have made it
        strawberry.enum(kind)
    definition: StrawberryEnumDefinition = vars(kind)["__strawberry_definition__"]
    definition.name = as_type or kind.__name__
    definition.description = description
    for value in definition.values:
        value.description = values[value.name]

"""One bad place leaves the rest of an answer alone: what may fail may be null, by construction.

Resolvers are declared for what they take and give when all is well. What clients read is laxer:
a field that has arguments, or that a service is asked for, may be null beside an error; and a
null where a default stands means the default (Relay cannot pass a variable to `first: Int! = 25`).
A row in a list is judged by its service, value by value, so that it costs none of its neighbours.
"""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    ConstValueNode,
    GraphQLArgument,
    GraphQLError,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    Undefined,
    get_named_type,
    get_nullable_type,
    value_from_ast_untyped,
)

from shared.vocabulary.storable import culprit


def relax(schema: GraphQLSchema) -> None:
    """Let fields that may fail be null, and every argument and input field that has a default."""
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and kind is not schema.subscription_type:
            for field in kind.fields.values():
                _relax_field(field)
        elif isinstance(kind, GraphQLInputObjectType):
            names = _relax_all(kind.fields)
            if names:
                setattr(kind, "out_type", _reader_of(kind.out_type, names))  # noqa: B010 - a method that may be replaced
    for field in (field for kind in _rows_of_lists(schema) for field in kind.fields.values()):
        field.type = _passing_on(field.type)


def _rows_of_lists(schema: GraphQLSchema) -> list[GraphQLInputObjectType]:
    """The inputs of which one request may hold many."""
    lists: list[Any] = [
        get_nullable_type(field.type)
        for kind in schema.type_map.values()
        if isinstance(kind, GraphQLInputObjectType)
        for field in kind.fields.values()
    ]
    items = [get_named_type(kind) for kind in lists if isinstance(kind, GraphQLList)]
    return [kind for kind in items if isinstance(kind, GraphQLInputObjectType)]


def _passing_on(kind: GraphQLInputType) -> GraphQLInputType:
    return _lenient(kind) if isinstance(kind, GraphQLScalarType) else kind


def _lenient(kind: GraphQLScalarType) -> GraphQLScalarType:
    """The scalar, but what it cannot read it hands on as it stands, for the service to refuse."""
    read_literal = kind.coerce_input_literal or kind.parse_literal

    def value_of(value: Any) -> Any:
        return _or_raw(lambda: kind.coerce_input_value(value), value)

    def literal_of(node: ConstValueNode) -> Any:
        return _or_raw(lambda: read_literal(node), value_from_ast_untyped(node))

    lenient = object.__new__(GraphQLScalarType)  # which makes no second one of GraphQL's own names
    vars(lenient).update(vars(kind), coerce_input_value=value_of, coerce_input_literal=literal_of)
    return lenient


def _or_raw(read: Callable[[], Any], raw: Any) -> Any:
    try:
        return read()
    except GraphQLError:
        if culprit({"value": raw}):  # such a value would not get as far as the service
            raise
        return raw


def _relax_field(field: GraphQLField) -> None:
    names = _relax_all(field.args)
    if names and field.resolve:
        field.resolve = _resolver_of(field.resolve, names)
    if isinstance(field.type, GraphQLNonNull) and (field.args or _may_fail(field)):
        field.type = field.type.of_type


def _may_fail(field: GraphQLField) -> bool:
    definition = (field.extensions or {}).get("strawberry-definition")
    resolver = getattr(definition, "base_resolver", None)
    return bool(getattr(definition, "extensions", ())) or (
        resolver is not None and resolver.is_async
    )


def _relax_all(
    places: Mapping[str, GraphQLArgument] | Mapping[str, GraphQLInputField],
) -> set[str]:
    """The places with a default, which may be null from here on, by the names they are read by."""
    names: set[str] = set()
    for name, place in places.items():
        if isinstance(place.type, GraphQLNonNull) and place.default_value is not Undefined:
            place.type = place.type.of_type
            names.add(place.out_name or name)
    return names


def _resolver_of(resolve: Callable[..., Any], names: set[str]) -> Callable[..., Any]:
    def answer(source: Any, info: Any, **arguments: Any) -> Any:
        return resolve(source, info, **_without(arguments, names))

    return answer


def _reader_of(read: Callable[..., Any], names: set[str]) -> Callable[..., Any]:
    def lenient(values: dict[str, Any]) -> Any:
        return read(_without(values, names))

    return lenient


def _without(values: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None or name not in names}

"""From a row of a service to what one field shows of it: a path, a pure function, a conversion."""

from collections.abc import Callable, Mapping
from datetime import datetime
from inspect import Parameter, Signature, signature
from operator import attrgetter
from types import NoneType
from typing import Any, Final, TypeAlias

from shared.graphql.conversion import (
    CannotShow,
    Convert,
    attribute_type,
    conversion,
    name_of,
    origin_of,
    result_type,
    takes,
    without_none,
)

Function: TypeAlias = Callable[..., Any]
Read: TypeAlias = Callable[[Any, datetime | None, Mapping[str, Any]], Any]
"""A row, the moment that was asked for, and the field's own arguments, to what is shown."""

WHOLE: Final = ""
"""The path of the row itself."""

DECLARED: Final = "declared"
"""Where a field's metadata keep its declaration, for who executes whole queries."""


def reading(
    source: Any, target: Any, owner: str, *, of: str = WHOLE, by: Function | None = None
) -> Read:
    """How a field of the type `target` is read from rows of `source`; CannotShow if it cannot be.

    Where there is no row, the field is null, a list that may not be null is empty; a function that
    takes None decides itself.
    """
    row_type, may_lack = without_none(source)
    value_type = attribute_type(row_type, of)
    if by:
        if not takes(by, value_type):
            raise CannotShow(f"{by.__qualname__} does not take {name_of(value_type)}")
        value_type = result_type(by)
    convert = conversion(value_type, target, owner)
    read = _compose(attrgetter(of) if of else None, by, convert)
    if not may_lack or (by and not of and takes(by, NoneType)):
        return read
    bare, may_be_null = without_none(target)
    if not may_be_null and origin_of(bare) is not list:
        raise CannotShow("the row may be absent, but the field may not be null")

    def read_or_empty(row: Any, moment: datetime | None, arguments: Mapping[str, Any]) -> Any:
        if row is None:
            return None if may_be_null else list[Any]()
        return read(row, moment, arguments)

    return read_or_empty


def _compose(get: Function | None, by: Function | None, convert: Convert | None) -> Read:
    own = chosen(by, skip=1)

    def read(row: Any, moment: datetime | None, arguments: Mapping[str, Any]) -> Any:
        value = get(row) if get else row
        if by:
            value = by(value, **own(arguments))
        return convert(value, moment) if convert else value

    return read


def arguments_of(function: Function | None, *, skip: int = 0) -> list[Parameter]:
    """What a function takes besides its first `skip` parameters: arguments of a field."""
    if function is None:
        return []
    parameters = list(signature(function).parameters.values())
    return [each.replace(kind=Parameter.KEYWORD_ONLY) for each in parameters[skip:]]


def chosen(
    function: Function | None, *, skip: int = 0
) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Those of a field's arguments that are a function's own; what was left out is its default."""
    names = {argument.name for argument in arguments_of(function, skip=skip)}
    return lambda arguments: {name: arguments[name] for name in names & arguments.keys()}


def with_arguments(resolver: Function, arguments: list[Parameter]) -> Function:
    """`resolver` with the arguments that the graph is to see."""
    own = Parameter("self", Parameter.POSITIONAL_OR_KEYWORD)
    vars(resolver)["__signature__"] = Signature([own, *arguments])
    return resolver

"""From the type of a row's attribute to the type that a field declares, checked at import."""

import inspect
import types
from collections.abc import Callable, Sequence
from datetime import date, datetime
from enum import Enum, StrEnum
from functools import cache, reduce
from operator import or_
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    TypeAlias,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)
from uuid import UUID

import strawberry
from strawberry.scalars import JSON
from strawberry.types.lazy_type import LazyType, StrawberryLazyReference

from shared.graphql.scalars import WideInt, global_id

Convert: TypeAlias = Callable[[Any, datetime | None], Any]
"""A value, and the moment that its object was asked for, to what is shown."""

PLAIN: Final = (bool, int, float, str, date, datetime)


class CannotShow(TypeError):
    """A declaration that does not fit what it shows."""


def conversion(source: Any, target: Any, owner: str) -> Convert | None:
    """How values of `source` are shown as `target` by the type `owner`; None: as they are."""
    source, may_lack = without_none(source)
    target, may_be_null = without_none(target)
    if may_lack and not may_be_null:
        raise CannotShow(f"{name_of(source)} may be None, but the field may not be null")
    convert = _of_value(source, target, owner)
    if convert is None or not may_lack:
        return convert
    return lambda value, as_of: None if value is None else convert(value, as_of)


def _of_value(source: Any, target: Any, owner: str) -> Convert | None:
    reference = _lazy(target)
    if source is UUID and reference is not None:
        return _of_key(reference)
    if source is UUID and target is strawberry.ID:
        return lambda key, _: global_id(owner, key)
    if origin_of(target) is list and origin_of(source) in (list, tuple, Sequence):
        return _of_items(get_args(source)[0], get_args(target)[0], owner)
    if source is target or _is_plain(source, target):
        return None
    if isinstance(target, type) and issubclass(target, Enum):
        return _of_enum(source, target)
    if isinstance(source, type) and issubclass(source, getattr(target, "row_type", ())):
        return target
    raise CannotShow(f"{name_of(source)} cannot be shown as {name_of(target)}")


def _of_key(reference: LazyType[Any, Any]) -> Convert:
    """The object of the gateway with that key, as it was at the same moment."""
    kind = cache(reference.resolve_type)
    return lambda key, as_of: kind().at(key, as_of)


def _of_items(source: Any, target: Any, owner: str) -> Convert | None:
    convert = conversion(source, target, owner)
    return convert and (lambda items, as_of: [convert(item, as_of) for item in items])


def _of_enum(source: Any, target: type[Enum]) -> Convert:
    """By value: names may differ, but each value that the row can have is shown."""
    if origin_of(source) is Literal:
        values = {value: value for value in get_args(source)}
    elif isinstance(source, type) and issubclass(source, StrEnum):
        values = {member: str(member) for member in source}
    else:
        raise CannotShow(f"{name_of(source)} does not say which of {name_of(target)} it has")
    try:
        members = {key: target(value) for key, value in values.items()}
    except ValueError as error:
        raise CannotShow(str(error)) from None
    return lambda value, _: members[value]


def _is_plain(source: Any, target: Any) -> bool:
    """Whether JSON carries the value as it stands."""
    if target is JSON:
        return True
    if origin_of(source) is Literal:
        return all(type(value) is target for value in get_args(source))
    target = int if target is WideInt else target
    return source in PLAIN and (source is target or (source, target) == (int, float))


def without_none(kind: Any) -> tuple[Any, bool]:
    """The type without None and without notes of other libraries, and whether None is of it."""
    if origin_of(kind) is Annotated and _lazy(kind) is None:
        return without_none(get_args(kind)[0])
    if origin_of(kind) not in (Union, types.UnionType):
        return kind, False
    parts = tuple(part for part in get_args(kind) if part is not types.NoneType)
    whole: Any = without_none(parts[0])[0] if len(parts) == 1 else reduce(or_, parts)
    return whole, len(parts) < len(get_args(kind))


def _lazy(kind: Any) -> LazyType[Any, Any] | None:
    """The type that the gateway puts together, where `kind` names one."""
    if origin_of(kind) is Annotated:
        name, *notes = get_args(kind)
        for note in notes:
            if isinstance(note, StrawberryLazyReference):
                return note.resolve_forward_ref(name)
    return None


def origin_of(kind: Any) -> Any:
    """The generic of a type with brackets; None for others."""
    return get_origin(kind)


def attribute_type(kind: Any, path: str) -> Any:
    """The type of `kind`'s attribute at a dotted path; the empty path is `kind` itself."""
    for name in path.split(".") if path else ():
        member = inspect.getattr_static(kind, name, None)
        hints = get_type_hints(kind, include_extras=True) if isinstance(kind, type) else {}
        if isinstance(member, property) and member.fget is not None:
            kind = get_type_hints(member.fget, include_extras=True)["return"]
        elif name in hints:
            kind = hints[name]
        else:
            raise CannotShow(f"{name_of(kind)} has no attribute '{name}'")
    return kind


def result_type(function: Callable[..., Any]) -> Any:
    """What a function says that it gives."""
    hints = get_type_hints(function, include_extras=True)
    if "return" not in hints:
        raise CannotShow(f"{function.__qualname__} does not say what it gives")
    return hints["return"]


def takes(function: Callable[..., Any], kind: Any) -> bool:
    """Whether every value of `kind` may be a function's first argument."""
    first = next(iter(inspect.signature(function).parameters))
    accepted = _parts(get_type_hints(function).get(first, Any))
    return all(any(_is_a(part, kind) for kind in accepted) for part in _parts(kind))


def _parts(kind: Any) -> list[Any]:
    """What a union is of; any other type is of itself."""
    whole, may_lack = without_none(kind)
    parts = get_args(whole) if origin_of(whole) in (Union, types.UnionType) else (whole,)
    return [*parts, *[types.NoneType] * may_lack]


def _is_a(kind: Any, accepted: Any) -> bool:
    if accepted in (Any, kind):
        return True
    if origin_of(kind) is Literal:
        return all(isinstance(value, accepted) for value in get_args(kind))
    return isinstance(kind, type) and isinstance(accepted, type) and issubclass(kind, accepted)


def name_of(kind: Any) -> str:
    """A type in the words of an error."""
    return kind.__qualname__ if isinstance(kind, type) else str(kind)

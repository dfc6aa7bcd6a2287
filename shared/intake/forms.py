"""What may stand in a field of a row, in words for whoever sends it."""

import re

import msgspec
from msgspec import inspect

from shared.vocabulary import moments

PLAIN: dict[type[inspect.Type], str] = {
    inspect.BoolType: "true or false",
    inspect.DateTimeType: moments.ALLOWED,
    inspect.DateType: moments.ALLOWED_DAY,
    inspect.UUIDType: "a uuid, as 123e4567-e89b-12d3-a456-426614174000",
}
STEP = re.compile(r"\[[^\]]*\]|[^.\[]+")


def allowed_at(kind: type[msgspec.Struct], path: str) -> str:
    """What may stand at a place of a row, as in `tags[2]`; the whole row has no path."""
    info: inspect.Type | None = inspect.type_info(kind)
    for step in STEP.findall(path):
        info = _below(info, step)
    return form(info) if info is not None else "left out"


def form(info: inspect.Type) -> str:
    """A type in words."""
    match info:
        case inspect.Metadata():
            return str((info.extra_json_schema or {}).get("description") or form(info.type))
        case inspect.UnionType():
            types = [each for each in info.types if not isinstance(each, inspect.NoneType)]
            return " or ".join(dict.fromkeys(map(form, types)))
        case inspect.StrType():
            return f"text{_within(info.min_length, info.max_length, ' of', 'characters')}"
        case inspect.IntType():
            return f"a whole number{_within(info.ge, info.le, '')}"
        case inspect.FloatType():
            return _number(info)
        case inspect.EnumType() | inspect.LiteralType():
            return _one_of(info)
        case _:
            return _many(info)


def names_of(kind: type) -> list[str]:
    """The fields of a row, as its sender writes them."""
    return [field.encode_name for field in msgspec.structs.fields(kind)]


def _one_of(info: inspect.EnumType | inspect.LiteralType) -> str:
    enum = isinstance(info, inspect.EnumType)
    values = list(map(str, info.cls)) if enum else list(map(str, info.values))
    return f"one of {', '.join(values)}"


def _number(info: inspect.FloatType) -> str:
    above = "" if info.gt is None else f" above {info.gt:g},"
    return f"a number{above}{_within(info.ge, info.le, '')}"


def _many(info: inspect.Type) -> str:
    match info:
        case inspect.DictType():
            keys = form(info.key_type)
            return f"an object; its names {keys}, its values {form(info.value_type)}"
        case inspect.ListType():
            size = _within(info.min_length, info.max_length, " of", "items")
            return f"a list{size}, each {form(info.item_type)}"
        case inspect.StructType():
            return f"an object with the fields {', '.join(names_of(info.cls))}"
        case _:
            return PLAIN.get(type(info), "a JSON value")


def _within(least: float | None, most: float | None, of: str, unit: str = "") -> str:
    unit = unit and f" {unit}"
    if least is not None and most is not None:
        return f"{of or ' from'} {least:.16g} to {most:.16g}{unit}"
    if most is not None:
        return f"{of} at most {most:.16g}{unit}"
    return "" if least is None else f"{of} at least {least:.16g}{unit}"


def _below(info: inspect.Type | None, step: str) -> inspect.Type | None:
    match info:
        case inspect.Metadata():
            return _below(info.type, step)
        case inspect.UnionType():
            below = (_below(each, step) for each in info.types)
            return next((each for each in below if each is not None), None)
        case inspect.ListType() if step.startswith("["):
            return info.item_type
        case inspect.DictType():
            return info.value_type
        case inspect.StructType():
            fields = {field.encode_name: field.type for field in info.fields}
            return fields.get(step)
        case _:
            return None

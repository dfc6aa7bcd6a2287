"""Reads rows of one type, and says of one that cannot be read which field is to blame."""

import re
from collections.abc import Callable, Sequence
from datetime import date, tzinfo
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import inspect

from shared.intake.forms import allowed_at, names_of
from shared.vocabulary import moments
from shared.vocabulary.errors import InvalidInput
from shared.vocabulary.storable import culprit

MAX_ROW_BYTES = 32 * 1024
ID = rb'"%s"\s*:\s*"([\x20\x21\x23-\x5b\x5d-\x7e]{1,200})"'
# What msgspec says of a place: `$.tags[2]`, `$.traits[...]`, or `key` in `$.traits`.
AT_PATH = re.compile(r"^(?P<what>.*?)(?: - at (?:`key` in )?`\$\.?(?P<path>.*)`)?$", re.DOTALL)
NAMED = re.compile(r"Object (?P<how>missing required|contains unknown) field `(?P<name>.+?)`")

S = TypeVar("S", bound=msgspec.Struct)


class Malformed(InvalidInput):
    """The row is no JSON, or nested deeper than is read."""


class Reader(Generic[S]):
    """Reads what msgspec takes as it stands, then moments as other systems write them.

    `zone` is meant by moments that name none; without it they are refused. PHP writes an empty
    object as an empty array: `objects` names the fields where one stands for the other.
    """

    def __init__(
        self, kind: type[S], *, zone: tzinfo | None = None, objects: Sequence[str] = ()
    ) -> None:
        self._kind = kind
        self._zone = zone
        self._objects = objects
        self._decode: Callable[[bytes], S] = msgspec.json.Decoder(kind).decode
        self._decode_all: Callable[[bytes], list[S]] = msgspec.json.Decoder(list[kind]).decode
        self._days = _days(kind)

    def read(self, raw: bytes) -> S:
        """One row; InvalidInput names the field that is wrong."""
        if len(raw) > MAX_ROW_BYTES:
            raise InvalidInput("row", f"{len(raw)} bytes", f"at most {MAX_ROW_BYTES} bytes")
        try:
            raw.decode()
            row = self._decode(raw)
        except UnicodeDecodeError as error:
            raise InvalidInput("row", f"byte {error.start} is not UTF-8", "UTF-8 text") from error
        except msgspec.ValidationError as error:
            row = self._mend(raw, error)
        except (msgspec.DecodeError, RecursionError) as error:
            start = raw[:60].decode(errors="replace")
            raise Malformed("row", start, f"a JSON object ({reason(error)})") from error
        if b"\\u0000" in raw and (flaw := culprit(msgspec.json.decode(raw))):
            raise flaw
        for attribute, name, is_moment in self._days:
            if not _fits(getattr(row, attribute)):
                allowed = moments.ALLOWED if is_moment else moments.ALLOWED_DAY
                raise InvalidInput(name, _value_at(raw, name), allowed)
        return row

    def read_all(self, array: bytes) -> list[S] | None:
        """All rows in one go; None where one of them, or the array, needs a closer look."""
        try:
            array.decode()
            rows = self._decode_all(array)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        days = [attribute for attribute, _, _ in self._days]
        fit = all(_fits(getattr(row, attribute)) for row in rows for attribute in days)
        return rows if fit and b"\\u0000" not in array and not _has_large(array) else None

    def _mend(self, raw: bytes, problem: msgspec.ValidationError) -> S:
        """The row with its moments read by `moments` and its empty objects put right."""
        try:
            values = msgspec.json.decode(raw, type=dict[str, Any])
        except (msgspec.MsgspecError, RecursionError):
            raise _invalid(raw, self._kind, problem) from problem
        faults: dict[str, InvalidInput] = {}
        for _, name, is_moment in self._days:
            if is_moment and values.get(name) is not None:
                try:
                    values[name] = moments.moment(values[name], name, self._zone)
                except InvalidInput as error:
                    faults[name] = error
        for name in self._objects:
            if values.get(name) == []:
                values[name] = {}
        try:
            return msgspec.convert(values, self._kind)
        except msgspec.ValidationError as error:
            invalid = _invalid(raw, self._kind, error)
            raise faults.get(invalid.field, invalid) from error


def id_of(raw: bytes, field: str = "id") -> str | None:
    """The id of a row that cannot be taken, if it can be found."""
    try:
        row_id = msgspec.json.decode(raw, type=dict[str, Any]).get(field)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # The row is broken, but whoever sent it looks for its id.
        match = re.search(ID % field.encode(), raw)
        return match.group(1).decode() if match else None
    return row_id[:200] if isinstance(row_id, str) else None


def _days(kind: type[msgspec.Struct]) -> list[tuple[str, str, bool]]:
    """The fields that hold days and moments: attribute, name in the row, whether a moment."""
    days: list[tuple[str, str, bool]] = []
    for field in msgspec.structs.fields(kind):
        info = inspect.type_info(field.type)
        parts = info.types if isinstance(info, inspect.UnionType) else (info,)
        is_moment = any(isinstance(part, inspect.DateTimeType) for part in parts)
        if is_moment or any(isinstance(part, inspect.DateType) for part in parts):
            days.append((field.name, field.encode_name, is_moment))
    return days


def _fits(day: date | None) -> bool:
    return day is None or moments.in_calendar(day)


def _has_large(array: bytes) -> bool:
    """Whether a row is larger than a row may be."""
    if len(array) <= MAX_ROW_BYTES:
        return False
    raws = msgspec.json.decode(array, type=list[msgspec.Raw])
    return any(len(bytes(raw)) > MAX_ROW_BYTES for raw in raws)


def reason(problem: Exception) -> str:
    """What is wrong with a text as JSON, for whoever wrote it."""
    return "nested too deep" if isinstance(problem, RecursionError) else str(problem)


def _invalid(raw: bytes, kind: type[msgspec.Struct], problem: Exception) -> InvalidInput:
    """msgspec says where something is wrong; add the value that stands there, and what may."""
    match = AT_PATH.match(str(problem))
    path = (match["path"] if match else None) or ""
    named = NAMED.match(str(problem))
    if named:
        path = f"{path}.{named['name']}" if path else named["name"]
    allowed = allowed_at(kind, path)
    if named and named["how"] == "missing required":
        allowed += "; it may not be left out"
    elif named:
        allowed = f"one of the fields {', '.join(names_of(kind))}"
    path = path.replace("[...]", "") or "row"  # msgspec does not say which key of a free object
    return InvalidInput(path, _value_at(raw, path), allowed)


def _value_at(raw: bytes, path: str) -> object:
    try:
        value: Any = msgspec.json.decode(raw)
        for step in path.replace("[", ".").replace("]", "").split("."):
            value = value[int(step) if isinstance(value, list) else step]
    except (msgspec.DecodeError, KeyError, ValueError, TypeError, IndexError, RecursionError):
        return None
    return value

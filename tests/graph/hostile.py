"""Values that a type takes and that nobody means: at every edge of what can be written."""

import base64
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
)

from graph.schema import BY_ID
from shared.vocabulary import paging
from shared.vocabulary.ids import global_id
from tests.graph.questions import is_needed

NOW = datetime.now(UTC)
NOBODY = UUID(int=9)
LONG = "".join(map(chr, range(33, 55_000)))
"""Of so many different characters that no index holds it."""

TEXTS = ["", " ", "\0", "a\0b", LONG, "%_\\'\"; --", "\u202e\ud7ff\U0010ffff", "null"]
WHOLES = [-(2**31), -1, 0, 1, 1_000, 2**31 - 1]
REALS = [-1e308, -1, 0, 5e-324, 1.5, 1e308]
MOMENTS = [
    "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "0099-12-31T00:00:00Z",
    "1900-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2999-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-14:00", "2026-01-01T00:00:00+23:59",
    (NOW + timedelta(days=400)).isoformat(),
]  # fmt: skip
DAYS = ["0001-01-01", "0099-12-31", "1970-01-01", "2024-02-29", "2999-01-01", "9999-12-31"]
PLACES = [
    (NOW,), (NOW, NOBODY), (datetime(1, 1, 1), NOBODY), ("0001-01-01T00:00:00+14:00", NOBODY),  # noqa: DTZ001 - a forged one
    (datetime.max.replace(tzinfo=UTC), NOBODY), (NOW, b"\0"), (NOW, "a\0"), (date.min, "a\0"),
    (date.max, NOBODY), ("a\0",), ("a\0", NOBODY), (LONG, NOBODY), (float("nan"), NOBODY),
    (float("inf"), NOBODY), (2**63, NOBODY), (None, None), ([], {}), (NOW, str(NOBODY)),
]  # fmt: skip
CURSORS = [*TEXTS, "!!!", "Zm9v", "gA", "=", "ä", *(paging.cursor(*place) for place in PLACES)]
IDS = [
    *TEXTS, "garbage", str(NOBODY), f"{{{NOBODY}}}", f"Account:{NOBODY}",
    *(global_id(kind, NOBODY) for kind in (*BY_ID, "Tenant", "ApiKey", "Nothing")),
    *(base64.urlsafe_b64encode(raw).decode() for raw in (b"Account:", b"\xff\xfe", b"Account:\0")),
    "1", "-1", "٣",
]  # fmt: skip
DOCUMENTS = [
    {}, [], "", "\0", 7, 10**15, 1e308, True, {"": 1}, {"a\0": 1}, {"a": "\0"}, {"a": {"b": [1]}},
    {LONG: 1}, {f"k{n}": n for n in range(1_000)}, [[[[]]]],
]  # fmt: skip
BY_SCALAR: dict[str, list[Any]] = {
    "String": TEXTS, "Int": WHOLES, "Float": REALS, "Boolean": [True, False], "ID": IDS,
    "DateTime": MOMENTS, "Date": DAYS, "JSON": DOCUMENTS, "WideInt": [-(2**53), -1, 0, 2**53],
}  # fmt: skip


def hostile(name: str, kind: GraphQLInputType, usual: dict[str, Any]) -> Iterator[Any]:
    """Such values of a type, null among them where it is taken; `usual` ones stand beside them."""
    if isinstance(kind, GraphQLNonNull):
        yield from _of(name, kind.of_type, usual)
    else:
        yield None
        yield from _of(name, kind, usual)


def _of(name: str, kind: GraphQLInputType, usual: dict[str, Any]) -> Iterator[Any]:
    if isinstance(kind, GraphQLList):
        items = list(hostile(name, kind.of_type, usual))
        good = meant(name, kind.of_type, usual)
        yield from ([], [good] * 2, [good] * 10_001, *([item] for item in items), items)
    elif isinstance(kind, GraphQLInputObjectType):
        good = meant(name, kind, usual)
        for field, of in kind.fields.items():
            yield from (good | {field: value} for value in hostile(field, of.type, usual))
    elif isinstance(kind, GraphQLScalarType):
        yield from CURSORS if name == "after" else BY_SCALAR[kind.name]
    elif isinstance(kind, GraphQLEnumType):
        yield from kind.values


def meant(name: str, kind: GraphQLInputType, usual: dict[str, Any]) -> Any:
    """A value that somebody means: of an object only what it cannot do without."""
    if isinstance(kind, GraphQLNonNull):
        return meant(name, kind.of_type, usual)
    if isinstance(kind, GraphQLList):
        return [meant(name, kind.of_type, usual)]
    if isinstance(kind, GraphQLInputObjectType):
        needed = {key: of for key, of in kind.fields.items() if is_needed(key, of)}
        return {key: meant(key, of.type, usual) for key, of in needed.items()}
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    return usual.get(f"{kind.name}.{name}", usual.get(name))

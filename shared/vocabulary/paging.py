"""Keyset paging: opaque cursors over the sort key, never an offset."""

import base64
import binascii
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from shared.vocabulary.errors import InvalidInput
from shared.vocabulary.storable import allowed_instead

T = TypeVar("T")
K = TypeVar("K")
MAX_SIZE = 100
PLACE = "a cursor given by an earlier page of this list"


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some of a long list: the items, a cursor for each, and whether more follow."""

    items: list[T]
    cursors: list[str]
    has_next: bool


def cursor(*key: Any) -> str:
    """An opaque cursor from the values a list is sorted by."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(key)).decode().rstrip("=")


def key(text: str, *kinds: Any) -> tuple[Any, ...]:
    """The sort values of a cursor, checked against their types; InvalidInput for anything else."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        values: tuple[Any, ...] = msgspec.msgpack.decode(raw, type=tuple[kinds])  # type: ignore[valid-type] - built at run time
    except (binascii.Error, msgspec.DecodeError, ValueError) as error:
        raise InvalidInput("after", text, PLACE) from error
    if any(map(allowed_instead, values)):
        raise InvalidInput("after", text, PLACE)
    return values


def size(first: int | None, default: int = 25) -> int:
    """A page size within bounds; InvalidInput otherwise."""
    if first is None:
        return default
    if not 0 < first <= MAX_SIZE:
        raise InvalidInput("first", first, f"1 to {MAX_SIZE}")
    return first


def page(rows: list[T], limit: int, cursors: list[str]) -> Page[T]:
    """Cut one row more than asked for down to the page; that row says whether more follow."""
    return Page(rows[:limit], cursors[:limit], len(rows) > limit)


def pages(
    items: Iterable[T],
    limit: int,
    owner: Callable[[T], K],
    place: Callable[[T], tuple[Any, ...]],
) -> dict[K, Page[T]]:
    """A page for each owner, of items in the order of their places; owners of none are absent."""
    groups: dict[K, list[T]] = defaultdict(list)
    for item in items:
        groups[owner(item)].append(item)
    return {
        key: page(group, limit, [cursor(*place(item)) for item in group])
        for key, group in groups.items()
    }

"""Keyset paging: opaque cursors over the sort key, never an offset."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from shared.vocabulary.errors import InvalidInput
from shared.vocabulary.storable import allowed_instead

T = TypeVar("T")
U = TypeVar("U")
MAX_SIZE = 100
PLACE = "a cursor given by an earlier page of this list"


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some of a long list: the items, a cursor for each, and whether more follow."""

    items: list[T]
    cursors: list[str]
    has_next: bool


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a list that `first` and `after` ask for."""

    size: int
    after: tuple[Any, ...]

    @property
    def bounds(self) -> tuple[Any, ...]:
        """Arguments of the query: the sort key it begins after, and how many rows it reads."""
        return *self.after, self.size + 1

    def page(self, items: list[T], sort_key: Callable[[T], tuple[Any, ...]]) -> Page[T]:
        """A page of what the query gave, by the values it is sorted by."""
        return page(items, self.size, [cursor(*sort_key(item)) for item in items])

    def pages(
        self,
        owners: Sequence[U],
        items: Sequence[tuple[U, T]],
        sort_key: Callable[[T], tuple[Any, ...]],
    ) -> dict[U, Page[T]]:
        """A page for each owner, empty where it has no item."""
        groups: dict[U, list[T]] = {owner: [] for owner in owners}
        for owner, item in items:
            groups[owner].append(item)
        return {owner: self.page(group, sort_key) for owner, group in groups.items()}


def window(first: int | None, after: str | None, *kinds: Any) -> Window:
    """A window on a list sorted by values of these types; InvalidInput for what it cannot be."""
    return Window(size(first), key(after, *kinds) if after else (None,) * len(kinds))


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

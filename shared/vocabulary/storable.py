"""What a database can hold: no text with a NUL character, no number or moment without bounds."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final, cast

from shared.vocabulary.errors import InvalidInput

WIDEST: Final = 2**63
FIRST: Final = datetime(1, 1, 2, tzinfo=UTC)
LAST: Final = datetime(9999, 12, 30, tzinfo=UTC)
"""A day away from the ends of the calendar: every time zone can say when these were."""


def allowed_instead(value: object) -> str:
    """What may stand where the database cannot hold the value; empty where it can."""
    if isinstance(value, str):
        return "text without NUL characters" if "\0" in value else ""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return "a moment with its time zone"
        return "" if FIRST <= value <= LAST else "a moment of the years 1 to 9999"
    if isinstance(value, float):
        return "" if math.isfinite(value) else "a finite number"
    if isinstance(value, int):
        return "" if -WIDEST <= value < WIDEST else "a whole number of at most 64 bits"
    return ""


def culprit(values: Any) -> InvalidInput | None:
    """The first among plain values that no database can hold, by the place where it stands."""
    for place, value in _values(values, ""):
        allowed = allowed_instead(value)
        if allowed:
            return InvalidInput(place, value, allowed)
    return None


def _values(value: Any, place: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for name, part in cast("dict[str, Any]", value).items():
            yield place or "row", name
            yield from _values(part, f"{place}.{name}" if place else name)
    elif isinstance(value, list):
        for number, part in enumerate(cast("list[Any]", value)):
            yield from _values(part, f"{place}[{number}]")
    else:
        yield place, value

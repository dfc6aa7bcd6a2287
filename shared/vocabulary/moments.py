"""Moments from outside: one way to read them, whichever door they come through."""

import re
from datetime import UTC, date, datetime, time, tzinfo
from typing import Annotated, TypeAlias

import msgspec

from shared.vocabulary.errors import InvalidInput

YEARS = range(1900, 2200)
"""Other years stand for "unknown" or "never", and arithmetic with them leaves the calendar."""
ALLOWED = (
    f"a moment from {YEARS[0]} to {YEARS[-1]}: with its zone, as 2026-11-21T09:30:00Z; a day, as"
    " 2026-11-21; or unix seconds or milliseconds"
)
ALLOWED_DAY = f"a day from {YEARS[0]} to {YEARS[-1]}, as 2026-11-21"
# As RFC 3339 has it, and as databases write it: a space, no seconds, +00, UTC.
WRITTEN = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)"
    r"(?:[Tt ](?P<minute>\d\d:\d\d)(?P<second>:\d\d(?:[.,]\d+)?)?"
    r" ?(?P<zone>[Zz]|UTC|GMT|(?P<hours>[+-]\d\d)(?::?(?P<minutes>\d\d))?)?)?",
    re.ASCII,
)
# The number of digits tells which; 20261121 and 202611210930 are days and clocks run together.
UNIX = re.compile(r"\d{9,10}(?:\.\d*)?|\d{13}(?:\.\d*)?", re.ASCII)
SECONDS = (10**8, 10**10)
MILLISECONDS = (10**12, 10**13)

Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
"""A field of a row: msgspec reads what is RFC 3339, `moment` everything else."""


def moment(value: object, field: str, zone: tzinfo | None = None) -> datetime:
    """The moment that a value names; InvalidInput where it names none.

    `zone` is the one meant where the value names none; without it a text with a clock is refused,
    and a day begins in UTC.
    """
    read = _read(value, zone)
    if read is not None and read.tzinfo is None:
        read = read.replace(tzinfo=zone)
    if read is None or read.tzinfo is None or not in_calendar(read):
        raise InvalidInput(field, value, ALLOWED)
    return read


def in_calendar(day: date) -> bool:
    """Whether a day, or a moment, is one that can be reckoned with."""
    return day.year in YEARS


def _read(value: object, zone: tzinfo | None) -> datetime | None:
    match value:
        case datetime():
            return value
        case date():
            return datetime.combine(value, time(), zone or UTC)
        case bool():
            return None
        case int() | float():
            return _unix(value)
        case str():
            text = value.strip()
            return _unix(float(text)) if UNIX.fullmatch(text) else _written(text, zone)
        case _:
            return None


def _unix(number: float) -> datetime | None:
    if SECONDS[0] <= number < SECONDS[1]:
        return datetime.fromtimestamp(number, UTC)
    if MILLISECONDS[0] <= number < MILLISECONDS[1]:
        return datetime.fromtimestamp(number / 1000, UTC)
    return None


def _written(text: str, day_zone: tzinfo | None) -> datetime | None:
    match = WRITTEN.fullmatch(text)
    if match is None:
        return None
    part = match.groupdict(default="")
    clock = f"{part['minute'] or '00:00'}{part['second'].replace(',', '.') or ':00'}"
    zone = f"{part['hours']}:{part['minutes'] or '00'}" if part["hours"] else part["zone"] and "Z"
    try:
        read = msgspec.convert(f"{part['day']}T{clock}{zone}", datetime)
    except msgspec.ValidationError:
        return None
    return read if part["minute"] else read.replace(tzinfo=day_zone or UTC)

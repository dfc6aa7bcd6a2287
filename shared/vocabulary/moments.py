"""Moments from outside: one way to read them, whichever door they come through."""

import re
from datetime import date, datetime, tzinfo
from typing import Annotated, TypeAlias

import msgspec

from shared.vocabulary.errors import InvalidInput

YEARS = range(1900, 2200)
"""Other years stand for "unknown" or "never", and arithmetic with them leaves the calendar."""
ALLOWED = f"a moment from {YEARS[0]} to {YEARS[-1]} with its zone, as 2026-11-21T09:30:00Z"
ALLOWED_DAY = f"a day from {YEARS[0]} to {YEARS[-1]}, as 2026-11-21"
# As RFC 3339 has it, and as databases write it: a space, no seconds, +00, UTC.
WRITTEN = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)"
    r"(?:[Tt ](?P<minute>\d\d:\d\d)(?P<second>:\d\d(?:[.,]\d+)?)?"
    r" ?(?P<zone>[Zz]|UTC|GMT|(?P<hours>[+-]\d\d)(?::?(?P<minutes>\d\d))?)?)?",
    re.ASCII,
)

Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
"""A field of a row: msgspec reads what is RFC 3339, `moment` everything else."""


def moment(value: object, field: str, zone: tzinfo | None = None) -> datetime:
    """The moment a text names; InvalidInput where it names none.

    `zone` is the one meant where the text names none; without it such a text is refused.
    """
    read = value if isinstance(value, datetime) else _read(value)
    if read is not None and read.tzinfo is None:
        read = read.replace(tzinfo=zone)
    if read is None or read.tzinfo is None or not in_calendar(read):
        raise InvalidInput(field, value, ALLOWED)
    return read


def in_calendar(day: date) -> bool:
    """Whether a day, or a moment, is one that can be reckoned with."""
    return day.year in YEARS


def _read(value: object) -> datetime | None:
    match = WRITTEN.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    part = match.groupdict(default="")
    clock = f"{part['minute'] or '00:00'}{part['second'].replace(',', '.') or ':00'}"
    zone = f"{part['hours']}:{part['minutes'] or '00'}" if part["hours"] else part["zone"] and "Z"
    try:
        return msgspec.convert(f"{part['day']}T{clock}{zone}", datetime)
    except msgspec.ValidationError:
        return None

"""How numbers and days are written in a column of text; ways that would be misread are refused."""

import re
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ml.frames.frame import TrainingRefused

MOSTLY: Final = 0.95
"""Share of known values that decides what a column of text holds."""
GROUPS: Final = r"[.,' \u00a0\u202f\u2019]"
WRITTEN: Final = re.compile(
    rf"[€$£]? ?[+\-\u2212]?(\d+|\d{{1,3}}({GROUPS}\d{{3}})+)([.,]\d+)?([eE][+-]?\d+)? ?[%€$£]?"
)
"""A number as people write it, with signs for decimals, groups, shares and money."""
POINTED: Final = re.compile(r"[+-]?\d{1,3}\.\d{3}")
COMMA: Final = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+),\d+")
THREES: Final = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?")
DAYLIKE: Final = re.compile(
    r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{1,2}/\d{1,2}/\d{2}"
    r"|\d{1,2}[. -]+[^\W\d]{3,9}\.?[, -]+\d{4}|[^\W\d]{3,9}\.? \d{1,2}, \d{4})([T ,].*)?"
)
"""A day in any of the usual ways."""


def place(values: "pd.Series[Any] | pd.DataFrame", at: int) -> str:
    """Where the value at a position stands: its line in the file, or its row."""
    if values.index.name == "line":
        return f"line {values.index[at]}"
    return f"row {at + 1}"


def first(flags: ArrayLike) -> int | None:
    """Where the first of the flags stands that is set; None if none is."""
    places = np.flatnonzero(flags)
    return int(places[0]) if len(places) else None


def texts_of(values: "pd.Series[Any]") -> "pd.Series[str]":
    return values.astype(object).map(lambda value: str(value).strip())


def check_numbers(name: str, present: "pd.Series[Any]") -> None:
    """Refuse a column of numbers some of which are written as no number is read.

    Raises
    ------
    TrainingRefused
        Naming the first of them, and what to do.
    """
    texts = texts_of(present)
    numbers = pd.to_numeric(present, errors="coerce")
    plain = numbers.notna()
    at = first(np.isinf(numbers.to_numpy(dtype=np.float64)))
    if at is not None and plain.mean() >= MOSTLY:
        raise TrainingRefused(
            f"{name}: {place(present, at)} has {texts.iloc[at]!r}; allowed: finite numbers"
        )
    odd = ~plain & texts.str.fullmatch(WRITTEN)
    at = first(odd)
    if at is not None and (plain | odd).mean() >= MOSTLY:
        raise TrainingRefused(
            f"{name}: {place(present, at)} has {texts.iloc[at]!r}; allowed: numbers such as 1234.5,"
            f" or {_remedy(texts[odd])}, or --level {name} if it is no number"
        )


def _remedy(odd: "pd.Series[str]") -> str:
    """How numbers that are written like these can be read."""
    if odd.str.fullmatch(THREES).all():
        if odd.str.contains(".", regex=False).any() or (odd.str.count(",") > 1).any():
            return "--thousands , where commas group"
        return "--thousands , where commas group, --decimal , where they are decimal signs"
    if odd.str.fullmatch(COMMA).all():
        grouped = odd.str.contains(".", regex=False).any()
        return "--decimal , --thousands ." if grouped else "--decimal , for decimal commas"
    return "without signs for groups, shares or money"


def are_days(name: str, present: "pd.Series[Any]", *, needed: bool) -> bool:
    """Whether a column holds days.

    Days must be written in one way. Where ages are `needed` that way is 2026-01-31.

    Raises
    ------
    TrainingRefused
        Naming the first day that is written in another way, or is none.
    """
    if pd.api.types.is_datetime64_any_dtype(present):
        return True
    texts = texts_of(present)
    daylike = texts.str.fullmatch(DAYLIKE).to_numpy(dtype=np.bool_)
    if daylike.mean() < MOSTLY:
        return False
    read = days_of(texts).notna().to_numpy() & texts.str.fullmatch(ISO).to_numpy(dtype=np.bool_)
    at = first(daylike & ~read)
    if at is not None and (needed or read.any()):
        raise TrainingRefused(
            f"{name}: {place(present, at)} has {texts.iloc[at]!r}; allowed: days such as"
            f" 2026-01-31 in every row, or --ignore {name}"
        )
    return True


def days_of(values: "pd.Series[Any]") -> "pd.Series[float]":
    """Days since 1970, with parts of a day; NaN for what is no day such as 2026-01-31."""
    moments = pd.to_datetime(values, errors="coerce", utc=True, format="ISO8601")
    return (moments - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(days=1)


def unread(values: "pd.Series[Any]", read: "pd.Series[Any]", what: str) -> str:
    """A note about the values that are not read as the others are; empty if there are none."""
    lost = values.notna() & read.isna()
    at = first(lost)
    if at is None:
        return ""
    return (
        f"{int(lost.sum())} of its values are no {what} and count as unknown, e.g."
        f" {str(values.iloc[at])!r} on {place(values, at)}"
    )

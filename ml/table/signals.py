"""Find out what each column is: numbers, levels, flags, dates, ids, or nothing to learn from."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.frames.frame import TrainingRefused
from ml.table.notation import (
    MOSTLY,
    are_days,
    check_numbers,
    days_of,
    first,
    place,
    texts_of,
    unread,
)

Kind = Literal["number", "level", "flag", "age", "left out"]

ID_NAME: Final = re.compile(
    r"(^|_|\s)(id|uuid|guid|key|index|row|unnamed: \d+)$|[a-z]I[dD]$", re.IGNORECASE
)
WHOLE: Final = re.compile(r"(?<=\d)\.0$")


@dataclass(frozen=True, slots=True)
class Signal:
    """A column as the model reads it; `note` says why it was left out or changed."""

    name: str
    kind: Kind
    note: str = ""


@dataclass(frozen=True, slots=True)
class Signals:
    """What was found: values by name as objects, None for unknown, and the kind of each column."""

    columns: dict[str, NDArray[Any]]
    every: tuple[Signal, ...]

    @property
    def left_out(self) -> tuple[Signal, ...]:
        """Columns that say nothing a model could learn."""
        return tuple(signal for signal in self.every if signal.kind == "left out")


def read_signals(
    rows: pd.DataFrame,
    *,
    barred: Iterable[str] = (),
    levels: Iterable[str] = (),
    as_of: str | None = None,
) -> Signals:
    """Read every column that is not barred.

    Parameters
    ----------
    as_of
        A day (`2026-01-31`) or a column of days: dates become ages in days before it. Without it
        they are left out.

    Raises
    ------
    TrainingRefused
        If `as_of` is neither a day nor a column of days, or if numbers or days are written in a
        way that would be misread.
    """
    moments = None if as_of is None else _moments(rows, as_of)
    columns: dict[str, NDArray[Any]] = {}
    signals: list[Signal] = []
    left, is_level = set(barred), set(levels)
    for name in (str(n) for n in rows.columns if n not in left):
        signal, values = (
            (Signal(name, "level"), objects(_levels(rows[name])))
            if name in is_level
            else _read(name, rows[name], moments)
        )
        signals.append(signal)
        if values is not None:
            columns[name] = values
    return Signals(columns, tuple(signals))


def read_as(
    rows: pd.DataFrame, signals: Iterable[Signal], *, as_of: str | None = None
) -> dict[str, NDArray[Any]]:
    """Read new rows' columns as those of training were; an absent column is unknown everywhere.

    Raises
    ------
    TrainingRefused
        If `as_of` is neither a day nor a column of days, or a column of numbers holds texts now.
    """
    columns: dict[str, NDArray[Any]] = {}
    for signal in signals:
        if signal.kind == "left out":
            continue
        if signal.name not in rows:
            columns[signal.name] = np.full(len(rows), None, dtype=object)
            continue
        columns[signal.name] = objects(_as_kind(signal, rows[signal.name], rows, as_of))
    return columns


def _as_kind(
    signal: Signal, values: "pd.Series[Any]", rows: pd.DataFrame, as_of: str | None
) -> "pd.Series[Any]":
    if signal.kind == "number":
        return _numbers(signal.name, values)
    if signal.kind == "level":
        return _levels(values)
    if signal.kind == "age" and as_of is not None:
        present = values.dropna()
        if len(present) and not are_days(signal.name, present, needed=True):
            raise TrainingRefused(
                f"{signal.name}: {place(present, 0)} has {present.tolist()[0]!r}; allowed: days"
                " such as 2026-01-31, as in training, or nothing"
            )
        return _moments(rows, as_of) - days_of(values)
    return values


def _numbers(name: str, values: "pd.Series[Any]") -> "pd.Series[Any]":
    """Single odd texts are unknown, as in training; a column of them is another column."""
    check_numbers(name, values.dropna())
    numbers = pd.to_numeric(values, errors="coerce")
    wrong = values[values.notna() & numbers.isna()]
    if len(wrong) > (1 - MOSTLY) * values.notna().sum():
        raise TrainingRefused(
            f"{name}: {wrong.tolist()[0]!r} and {len(wrong) - 1} more values are not allowed;"
            " allowed: a number, as in training, or nothing"
        )
    return numbers


def _read(
    name: str, values: "pd.Series[Any]", moments: "pd.Series[Any] | None"
) -> tuple[Signal, NDArray[Any] | None]:
    present = values.dropna()
    check_numbers(name, present)
    holds_days = bool(len(present)) and are_days(name, present, needed=moments is not None)
    reason = _nothing(name, present, holds_days=holds_days)
    if reason:
        return Signal(name, "left out", reason), None
    if pd.api.types.is_bool_dtype(present.infer_objects()):
        return Signal(name, "flag"), objects(values)
    if pd.api.types.is_numeric_dtype(values):
        return Signal(name, "number"), objects(values)
    if holds_days:
        return _aged(name, values, moments)
    numbers = pd.to_numeric(values, errors="coerce")
    if numbers.notna().sum() >= MOSTLY * len(present):
        notes = ("text read as numbers", unread(values, numbers, "number"))
        return Signal(name, "number", "; ".join(filter(None, notes))), objects(numbers)
    return Signal(name, "level"), objects(_levels(values))


def _nothing(name: str, present: "pd.Series[Any]", *, holds_days: bool) -> str:
    if not len(present):
        return "it is never known"
    distinct = present.nunique()
    if distinct == 1:
        return f"it is {present.tolist()[0]!r} wherever it is known"
    if distinct == len(present) and not holds_days and _is_id(name, present):
        return "it is different in every row: an id"
    return ""


def _is_id(name: str, present: "pd.Series[Any]") -> bool:
    if pd.api.types.is_float_dtype(present) or len(present) < 10:
        return False
    if pd.api.types.is_integer_dtype(present):
        consecutive = int(present.max()) - int(present.min()) == len(present) - 1
        return bool(ID_NAME.search(name)) or consecutive
    return bool(pd.to_numeric(present, errors="coerce").isna().any())


def _moments(rows: pd.DataFrame, as_of: str) -> "pd.Series[Any]":
    moment = rows[as_of] if as_of in rows else pd.Series(as_of, index=rows.index)
    days = days_of(moment)
    if (at := first(days.isna())) is not None:
        raise TrainingRefused(
            f"--as-of: {place(rows, at)} has {moment.tolist()[at]!r}; allowed: a day such as"
            " 2026-01-31, or a column of days"
        )
    return days


def _aged(
    name: str, values: "pd.Series[Any]", moments: "pd.Series[Any] | None"
) -> tuple[Signal, NDArray[Any] | None]:
    if moments is None:
        reason = "it is a date; --as-of turns dates into ages"
        return Signal(name, "left out", reason), None
    days = days_of(values)
    notes = ("days before --as-of", unread(values, days, "day"))
    return Signal(name, "age", "; ".join(filter(None, notes))), objects(moments - days)


def _levels(values: "pd.Series[Any]") -> "pd.Series[Any]":
    """Values as trimmed texts, whole numbers without a point; unknown ones as they are."""
    texts = texts_of(values).str.replace(WHOLE, "", regex=True)
    return values.astype(object).where(values.isna(), texts)


def objects(values: "pd.Series[Any]") -> NDArray[Any]:
    """A column as objects, None for unknown."""
    column = np.empty(len(values), dtype=object)
    column[:] = [None if pd.isna(value) else value for value in values.tolist()]
    return column

"""Find out what each column is: numbers, levels, flags, dates, ids, or nothing to learn from."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.frames.frame import TrainingRefused

Kind = Literal["number", "level", "flag", "age", "left out"]

ID_NAME: Final = re.compile(
    r"(^|_|\s)(id|uuid|guid|key|index|row|unnamed: \d+)$|[a-z]I[dD]$", re.IGNORECASE
)
DAY: Final = re.compile(r"^\s*\d{4}-\d{2}-\d{2}([T ].*)?$")
MOSTLY: Final = 0.95
"""Share of known values that decides what a column of text holds."""

HINDSIGHT: Final = 0.9
"""Difference in how often a column is known, of the lost and of the others, that gives it away."""


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
    rows: pd.DataFrame, *, barred: Iterable[str] = (), as_of: str | None = None
) -> Signals:
    """Read every column that is not barred.

    Parameters
    ----------
    rows
        The table; any types that a CSV or Parquet file may give.
    barred
        Columns that are part of the question.
    as_of
        A day (`2026-01-31`) or a column of days: dates become ages in days before it. Without it
        they are left out.

    Raises
    ------
    TrainingRefused
        If `as_of` is neither a day nor a column of days.
    """
    moments = None if as_of is None else _moments(rows, as_of)
    columns: dict[str, NDArray[Any]] = {}
    signals: list[Signal] = []
    left = set(barred)
    for name in (str(n) for n in rows.columns if n not in left):
        signal, values = _read(name, rows[name], moments)
        signals.append(signal)
        if values is not None:
            columns[name] = values
    return Signals(columns, tuple(signals))


def without_hindsight(signals: Signals, event: NDArray[np.bool_]) -> Signals:
    """Leave out columns that are known (almost) only of the lost, or only of the others.

    Such a column was filled in afterwards: the reason for leaving, the day of it.
    """
    honest: list[Signal] = []
    columns = dict(signals.columns)
    for signal in signals.every:
        if signal.name in columns and _hindsight(columns[signal.name], event):
            del columns[signal.name]
            note = "whether it is known tells who was lost: it was filled in afterwards"
            honest.append(Signal(signal.name, "left out", note))
        else:
            honest.append(signal)
    return Signals(columns, tuple(honest))


def _hindsight(values: NDArray[Any], event: NDArray[np.bool_]) -> bool:
    if not 0 < event.sum() < len(event):
        return False
    present = np.array([value is not None for value in values.tolist()])
    return bool(abs(present[event].mean() - present[~event].mean()) >= HINDSIGHT)


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
        values = rows[signal.name]
        if signal.kind == "age" and as_of is not None:
            columns[signal.name] = objects(_moments(rows, as_of) - _days(values))
        else:
            columns[signal.name] = objects(_as_kind(signal.name, values, signal.kind))
    return columns


def _as_kind(name: str, values: "pd.Series[Any]", kind: Kind) -> "pd.Series[Any]":
    if kind == "number":
        return _numbers(name, values)
    if kind == "level":
        return values.astype(object).where(values.isna(), _texts(values))
    return values


def _numbers(name: str, values: "pd.Series[Any]") -> "pd.Series[Any]":
    """Single odd texts are unknown, as in training; a column of them is another column."""
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
    reason = _nothing(name, present)
    if reason:
        return Signal(name, "left out", reason), None
    if pd.api.types.is_bool_dtype(present.infer_objects()):
        return Signal(name, "flag"), objects(values)
    if pd.api.types.is_numeric_dtype(values):
        return Signal(name, "number"), objects(values)
    if _is_dates(present):
        return _aged(name, values, moments)
    numbers = pd.to_numeric(values, errors="coerce")
    if numbers.notna().sum() >= MOSTLY * len(present):
        return Signal(name, "number", "text read as numbers"), objects(numbers)
    return Signal(name, "level"), objects(
        values.astype(object).where(values.isna(), _texts(values))
    )


def _nothing(name: str, present: "pd.Series[Any]") -> str:
    if not len(present):
        return "it is never known"
    distinct = present.nunique()
    if distinct == 1:
        return f"it is {present.tolist()[0]!r} wherever it is known"
    if distinct == len(present) and _is_id(name, present):
        return "it is different in every row: an id"
    return ""


def _is_id(name: str, present: "pd.Series[Any]") -> bool:
    if pd.api.types.is_float_dtype(present) or len(present) < 10:
        return False
    if pd.api.types.is_integer_dtype(present):
        consecutive = int(present.max()) - int(present.min()) == len(present) - 1
        return bool(ID_NAME.search(name)) or consecutive
    return not _is_dates(present) and bool(pd.to_numeric(present, errors="coerce").isna().any())


def _is_dates(present: "pd.Series[Any]") -> bool:
    if pd.api.types.is_datetime64_any_dtype(present):
        return True
    texts = present.map(str)
    return bool(texts.str.match(DAY).mean() >= MOSTLY)


def _moments(rows: pd.DataFrame, as_of: str) -> "pd.Series[Any]":
    moment = rows[as_of] if as_of in rows else pd.Series(as_of, index=rows.index)
    days = _days(moment)
    if days.isna().any():
        value = moment[days.isna()].tolist()[0]
        raise TrainingRefused(
            f"--as-of: {value!r} is not a day; a day such as 2026-01-31 or a column of days is"
        )
    return days


def _days(values: "pd.Series[Any]") -> "pd.Series[Any]":
    moments = pd.to_datetime(values, errors="coerce", utc=True, format="ISO8601")
    return (moments - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(days=1)


def _aged(
    name: str, values: "pd.Series[Any]", moments: "pd.Series[Any] | None"
) -> tuple[Signal, NDArray[Any] | None]:
    if moments is None:
        reason = "it is a date; --as-of turns dates into ages"
        return Signal(name, "left out", reason), None
    ages = moments - _days(values)
    return Signal(name, "age", "days before --as-of"), objects(ages)


def _texts(values: "pd.Series[Any]") -> "pd.Series[Any]":
    return values.map(lambda value: str(value).strip())


def objects(values: "pd.Series[Any]") -> NDArray[Any]:
    """A column as objects, None for unknown."""
    column = np.empty(len(values), dtype=object)
    column[:] = [None if pd.isna(value) else value for value in values.tolist()]
    return column

"""What a training frame may hold, checked with pandera against the services' dictionaries."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd
import pandera.pandas as pa
from numpy.typing import NDArray
from pandera.errors import SchemaError

from ml.frames.frame import Frame, TrainingRefused
from shared.vocabulary.errors import clip
from shared.vocabulary.signal import Signal, signal_for

LATE: Final = "it may follow the decision to leave: {}"
KEY: Final = ["account", "landmark"]


class SignalRefused(TrainingRefused):
    """A signal has a value that its line of the dictionary does not allow."""

    def __init__(self, signal: str, value: object, allowed: str, rows: int) -> None:
        self.signal, self.value, self.allowed, self.rows = signal, value, allowed, rows
        super().__init__(
            f"{signal}: {clip(value)} in {rows:,} rows is not allowed; allowed: {allowed}"
        )


def admitted(
    frame: Frame, dictionary: Mapping[str, Signal], *, with_post_decision: bool = False
) -> Frame:
    """The frame with the meaning of its signals, without those that may follow the decision.

    Parameters
    ----------
    frame
        As `ml.frames.landmarks.frame` makes it of what services tell.
    dictionary
        What they say of their signals, by name; a name that ends in `*` speaks for a family.
    with_post_decision
        Whether signals stay that may follow the decision to leave rather than precede it.

    Raises
    ------
    SignalRefused
        If a signal has no line in the dictionary, or a value that its line does not allow.
    TrainingRefused
        If a label lies before its landmark, or an account is there twice at one.
    """
    lines = {name: _line(name, frame, dictionary) for name in frame.columns}
    _labels(frame)
    for name, line in lines.items():
        _check_column(name, line, frame.columns[name])
    late = {n: s.post_decision for n, s in lines.items() if s.post_decision}
    left = {} if with_post_decision else {n: LATE.format(why) for n, why in late.items()}
    return replace(
        frame,
        columns={n: values for n, values in frame.columns.items() if n not in left},
        labels={name: line.label for name, line in lines.items() if not line.is_family},
        left_out={**frame.left_out, **left},
    )


def _line(name: str, frame: Frame, dictionary: Mapping[str, Signal]) -> Signal:
    line = signal_for(name, dictionary)
    if line is None:
        service = frame.sources.get(name, "accounts")
        where = f"a signal with a line in services/{service}/store/features.csv"
        raise SignalRefused(name, "a column that nobody described", where, len(frame))
    return line


def _labels(frame: Frame) -> None:
    if not len(frame):
        return
    shape = pa.DataFrameSchema(
        {
            "duration": pa.Column(np.int64, pa.Check.ge(0)),
            "event": pa.Column(np.bool_),
            "account": pa.Column(np.int64),
            "landmark": pa.Column(np.int64, pa.Check.gt(0)),
        },
        strict=True,
        unique=KEY,
    )
    rows = pd.DataFrame(
        {
            "duration": frame.duration,
            "event": frame.event,
            "account": frame.account,
            "landmark": frame.day,
        },
        copy=False,
    )
    try:
        shape.validate(rows, inplace=True)
    except SchemaError as error:
        raise TrainingRefused(_reason(rows, error)) from error


def _reason(rows: pd.DataFrame, error: SchemaError) -> str:
    early = rows["duration"] < 0
    if early.any():
        count = int(early.sum())
        return f"{count} rows end before their landmark: a label must lie after what is known"
    twice = rows.duplicated(KEY)
    if twice.any():
        return f"{int(twice.sum())} rows have the account and the landmark of another row"
    return str(error)


def _check_column(name: str, line: Signal, values: NDArray[Any]) -> None:
    """Column by column, so that no second frame is made."""
    if not len(values):
        return
    shape = pa.DataFrameSchema({name: _column(line)})
    try:
        shape.validate(pd.DataFrame({name: _typed(line, values)}, copy=False), inplace=True)
    except SchemaError as error:
        raise _refused(name, line, values, error) from error


def _column(line: Signal) -> pa.Column:
    checks: list[pa.Check] = []
    if line.low is not None:
        checks.append(pa.Check.ge(line.low))
    if line.high is not None:
        checks.append(pa.Check.le(line.high))
    if line.levels:
        checks.append(pa.Check.isin(list(line.levels)))
    if line.kind in ("flag", "level"):
        checks.append(pa.Check(partial(_all_are, TYPES[line.kind])))
    dtype = np.float64 if line.kind == "number" else None
    return pa.Column(dtype, checks, nullable=bool(line.unknown))


def _all_are(kind: type, values: "pd.Series[Any]") -> "pd.Series[bool]":
    return pd.Series([type(value) is kind for value in values], index=values.index)


TYPES: Final[dict[str, type]] = {"flag": bool, "level": str}


def _typed(line: Signal, values: NDArray[Any]) -> NDArray[Any]:
    """A text nobody ever knew comes as numbers that nobody knows."""
    if line.kind in TYPES and values.dtype != object and np.isnan(values).all():
        return np.full(len(values), None, dtype=object)
    return values


def _refused(name: str, line: Signal, values: NDArray[Any], error: SchemaError) -> TrainingRefused:
    """Names the first value that is not allowed and counts the rows like it."""
    wrong = [value for value in values.tolist() if not may_be(line, value)]
    if not wrong:
        return TrainingRefused(f"{name}: {error}")
    return SignalRefused(name, _plain(wrong[0]), _allowed(line), len(wrong))


def _plain(value: object) -> object:
    return "null" if _unknown(value) else value


def _unknown(value: object) -> bool:
    return value is None or value != value


def _allowed(line: Signal) -> str:
    return f"{line.allowed}, or null where {line.unknown}" if line.unknown else line.allowed


def may_be(line: Signal, value: object) -> bool:
    """Whether a signal may have this value; what the schema of its column says of all rows."""
    if _unknown(value):
        return bool(line.unknown)
    if line.kind == "number":
        return isinstance(value, int | float) and type(value) is not bool and _within(line, value)
    if line.kind == "any":
        return True
    return (not line.levels or value in line.levels) and type(value) is TYPES[line.kind]


def _within(line: Signal, value: float) -> bool:
    return (line.low is None or value >= line.low) and (line.high is None or value <= line.high)

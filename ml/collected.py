"""Signals of landmarks as they come in, chunk by chunk: kept as columns, eight bytes a value."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml.frame import TrainingRefused
from shared.landmark import FeatureRow
from shared.signal import Signal

ABSENT: Final = -1
"""The code of a value that is not known."""


class Column:
    """Values of one signal: numbers as floats, anything else as codes of what was seen so far."""

    def __init__(self) -> None:
        self._parts: list[NDArray[Any]] = []
        self._codes: dict[tuple[type, object], int] = {}
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    def extend(self, values: Sequence[object]) -> None:
        """Append values; None is unknown."""
        self._rows += len(values)
        if all(value is None or type(value) in (int, float) for value in values):
            self._parts.append(np.array(values, dtype=np.float64))
            return
        codes = [self._code(value) for value in values]
        self._parts.append(np.array(codes, dtype=np.int32))

    def skip(self, rows: int) -> None:
        """Append so many unknown ones."""
        if rows:
            self.extend([None] * rows)

    def _code(self, value: object) -> int:
        if value is None:
            return ABSENT
        return self._codes.setdefault((type(value), value), len(self._codes))

    def array(self) -> NDArray[Any]:
        """All values, shape (rows,): floats, NaN for unknown, if all are numbers; else objects,
        None for unknown, each text once in memory however many rows have it.
        """
        if not self._codes:
            whole = np.concatenate(self._parts) if self._parts else np.empty(0)
            self._parts = [whole]
            return whole
        seen = np.array([*(value for _, value in self._codes), None], dtype=object)
        parts = [_objects(part, seen) for part in self._parts]
        return np.concatenate(parts)


def _objects(part: NDArray[Any], seen: NDArray[Any]) -> NDArray[Any]:
    if part.dtype == np.int32:
        return seen[part]  # the last, None, where the code is −1
    objects = part.astype(object)
    objects[np.isnan(part)] = None
    return objects


class Collected:
    """Columns with the service that each came from, and what the services say of them."""

    def __init__(self, dictionary: Mapping[str, Signal] | None = None) -> None:
        self.sources: dict[str, str] = {}
        self.dictionary: Mapping[str, Signal] = dictionary or {}
        self._columns: dict[str, Column] = {}
        self._rows = 0

    def add(self, answers: Mapping[str, Sequence[FeatureRow]]) -> None:
        """Append one chunk: the rows of each service, in the order of the landmarks.

        Raises
        ------
        TrainingRefused
            If the services answered for different numbers of landmarks.
        """
        sizes = {len(rows) for rows in answers.values()}
        if len(sizes) != 1:
            raise TrainingRefused("the services answered for different numbers of landmarks")
        for service, rows in answers.items():
            for name in dict.fromkeys(name for row in rows for name in row):
                self.sources.setdefault(name, service)
                column = self._columns.setdefault(name, Column())
                column.skip(self._rows - len(column))
                column.extend([row.get(name) for row in rows])
        self._rows += sizes.pop()

    def columns(self) -> dict[str, NDArray[Any]]:
        """Each signal's values, shape (landmarks,): see `Column.array`."""
        for column in self._columns.values():
            column.skip(self._rows - len(column))
        return {name: column.array() for name, column in self._columns.items()}

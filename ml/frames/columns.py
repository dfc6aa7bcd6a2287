"""Signals of landmarks as they come in, chunk by chunk: kept as columns, eight bytes a value."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from ml.frames.frame import TrainingRefused
from ml.scoring.features import Floats
from shared.vocabulary.landmark import FeatureRow
from shared.vocabulary.signal import Signal

Number = TypeVar("Number", np.float64, np.int32)

UNKNOWN: Final = np.float64(np.nan)
ABSENT: Final = np.int32(-1)
"""The number, and the code, of a value that is not known."""


class Column:
    """Values of one signal: numbers as floats, anything else as codes of what was seen so far.

    `rows` are made room for at once, so that nothing is ever there twice; more may come.
    """

    def __init__(self, rows: int = 0) -> None:
        self._rows = rows
        self._numbers: Floats | None = None
        self._codes: NDArray[np.int32] | None = None
        self._levels: dict[tuple[type, object], int] = {}

    def put(self, at: int, values: Sequence[Any]) -> None:
        """Keep values from row `at` on; None is unknown, as is what is never put."""
        upto = at + len(values)
        self.reach(upto)
        if all(value is None or type(value) in (int, float) for value in values):
            self._numbers = _reaching(self._numbers, self._rows, UNKNOWN)
            self._numbers[at:upto] = values
        else:
            self._codes = _reaching(self._codes, self._rows, ABSENT)
            self._codes[at:upto] = [self._code(value) for value in values]

    def reach(self, rows: int) -> None:
        """Be so many rows long, at least; those never put are unknown."""
        self._rows = max(self._rows, rows)

    def _code(self, value: object) -> int | np.int32:
        if value is None:
            return ABSENT
        return self._levels.setdefault((type(value), value), len(self._levels))

    def array(self) -> NDArray[Any]:
        """All values, shape (rows,): floats, NaN for unknown, if all are numbers; else objects,
        None for unknown, each text once in memory however many rows have it.
        """
        floats = _reaching(self._numbers, self._rows, UNKNOWN)
        if self._codes is None:
            return floats
        levels = np.array([*(value for _, value in self._levels), None], dtype=object)
        objects = levels[_reaching(self._codes, self._rows, ABSENT)]  # −1: the last, None
        present = ~np.isnan(floats)
        objects[present] = floats[present]
        return objects


def _reaching(values: NDArray[Number] | None, rows: int, unknown: Number) -> NDArray[Number]:
    """The values with room for so many rows, unknown where there was none."""
    if values is None:
        return np.full(rows, unknown)
    if len(values) >= rows:
        return values
    return np.concatenate([values, np.full(rows - len(values), unknown)])


class Collected:
    """Columns with the service that each came from, and what the services say of them.

    `rows` landmarks are made room for at once; more or fewer may come.
    """

    def __init__(self, dictionary: Mapping[str, Signal] | None = None, rows: int = 0) -> None:
        self.sources: dict[str, str] = {}
        self.dictionary: Mapping[str, Signal] = dictionary or {}
        self._columns: dict[str, Column] = {}
        self._room = rows
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
                column = self._columns.setdefault(name, Column(self._room))
                column.put(self._rows, [row.get(name) for row in rows])
        self._rows += sizes.pop()

    def columns(self) -> dict[str, NDArray[Any]]:
        """Each signal's values, shape (landmarks,): see `Column.array`."""
        for column in self._columns.values():
            column.reach(self._rows)
        return {n: column.array()[: self._rows] for n, column in self._columns.items()}

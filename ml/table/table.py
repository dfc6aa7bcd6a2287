"""A table read: signals, labels, and the frames that the model is fitted to."""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.frames.frame import Frame, TrainingRefused, one_stratum
from ml.scoring.features import Columns, Floats
from ml.table.calendar import moments
from ml.table.file import read_file
from ml.table.grid import Grid
from ml.table.labels import read_labels
from ml.table.leaks import unbounded, without_leaks
from ml.table.question import Question
from ml.table.signals import Signal, Signals, read_signals

NO_DAY = date(1970, 1, 1)
"""A table has no calendar."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows that can be learned from; every array has shape (rows,).

    `duration` is in the table's unit from each row's landmark; `signals` says how each column was
    read; `notes` what was left out; `moment` each landmark in calendar time,
    NaN without one. `name` is the file's. `unbounded` are signals of which no ratio is known.
    """

    name: str
    question: Question
    columns: Columns
    signals: tuple[Signal, ...]
    duration: Floats
    event: NDArray[np.bool_]
    cause: NDArray[np.str_]
    subject: NDArray[np.int64]
    notes: tuple[str, ...]
    moment: Floats
    unbounded: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.duration)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "Table":
        """The same table with only these rows."""
        return replace(
            self,
            columns={name: values[rows] for name, values in self.columns.items()},
            duration=self.duration[rows],
            event=self.event[rows],
            cause=self.cause[rows],
            subject=self.subject[rows],
            moment=self.moment[rows],
        )

    def frame(self, grid: Grid) -> Frame:
        """The frame of the `start` clock, durations in steps of the grid."""
        return Frame(
            clock="start",
            columns=self.columns,
            duration=grid.steps(self.duration, self.event),
            event=self.event,
            stratum=one_stratum(len(self)),
            account=self.subject,
            data_from=NO_DAY,
            data_to=NO_DAY,
            cause=self.cause,
            sources=dict.fromkeys(self.columns, "table"),
        )


def read_table(
    path: Path, question: Question, *, decimal: str = ".", thousands: str | None = None
) -> Table:
    """Read a CSV or Parquet file as a table; see `read_file` and `table_of`."""
    rows = read_file(path, decimal=decimal, thousands=thousands)
    try:
        return table_of(rows, question, path.stem)
    except TrainingRefused as error:
        raise TrainingRefused(f"{path}: {error}") from error


def table_of(rows: pd.DataFrame, question: Question, name: str) -> Table:
    """Read rows as a table.

    Entry times are handled by which rows exist: each subject's clock runs from its entry, which
    becomes a signal. So is a panel row's time.

    Raises
    ------
    TrainingRefused
        If the rows cannot be learned from: see `read_labels`, `read_signals`; or if no column
        is left to learn from.
    """
    if not len(rows):
        raise TrainingRefused("--data: the table is empty: it has no row to learn from")
    labels = read_labels(rows, question)
    if not len(labels.rows):
        raise TrainingRefused(f"{question.duration}: it is 0 in every row; nobody was followed")
    labelled = rows.iloc[labels.rows]
    signals = read_signals(
        labelled, barred=question.labels, levels=question.levels, as_of=question.as_of
    )
    signals = without_leaks(signals, labels, question)
    _something(signals)
    endless = unbounded(signals, labels)
    return Table(
        name=name,
        question=question,
        columns=signals.columns,
        signals=signals.every,
        duration=labels.duration,
        event=labels.event,
        cause=labels.cause,
        subject=labels.subject,
        notes=(*labels.notes, *endless.values()),
        unbounded=frozenset(endless),
        moment=moments(labelled, question),
    )


def _something(signals: Signals) -> None:
    if not signals.columns:
        notes = "; ".join(f"{s.name}: {s.note}" for s in signals.left_out)
        raise TrainingRefused(f"no column is left to learn from{': ' + notes if notes else ''}")


def strict(signals: tuple[Signal, ...]) -> None:
    """Refuse columns that would be left out.

    Raises
    ------
    TrainingRefused
        Naming the first such column and why.
    """
    for signal in signals:
        if signal.kind == "left out":
            raise TrainingRefused(
                f"{signal.name}: {signal.note}; leave the column out with --ignore {signal.name}"
            )

"""Tables of people's own as frames: one row per account, time running from the start."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.frame import Frame, TrainingRefused, one_stratum


@dataclass(frozen=True, slots=True)
class Table:
    """Which columns of a CSV file say how long and whether an account was lost.

    `last_month` is the end of the integrated Brier score's range in months.
    """

    file: Path
    duration: str
    event: str
    lost: str
    leave_out: tuple[str, ...]
    last_month: int


PROJECT: Final = Path(__file__).resolve().parent.parent
TELCO: Final = Table(PROJECT / "data" / "telco.csv", "tenure", "Churn", "Yes", ("customerID",), 70)


def read(table: Table, file: Path | None = None) -> Frame:
    """Read a table as a frame with the `start` clock; rows without any follow-up are left out.

    Raises
    ------
    TrainingRefused
        If the file is missing, is no CSV, or lacks the duration or event column.
    """
    path = file or table.file
    rows = _read(path)
    for column in (table.duration, table.event):
        if column not in rows:
            raise TrainingRefused(f"{path} has no column {column!r}")
    rows = rows[rows[table.duration] > 0].reset_index(drop=True)
    signals = rows.drop(columns=[table.duration, table.event, *table.leave_out], errors="ignore")
    today = date(1970, 1, 1)  # the table has no calendar
    return Frame(
        clock="start",
        columns={str(name): _objects(signals[name]) for name in signals},
        duration=rows[table.duration].to_numpy(dtype=np.int64),
        event=(rows[table.event].astype(str) == table.lost).to_numpy(dtype=np.bool_),
        stratum=one_stratum(len(rows)),
        account=np.arange(len(rows), dtype=np.int64),
        data_from=today,
        data_to=today,
    )


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path)
    except FileNotFoundError as error:
        raise TrainingRefused(f"there is no file {path}") from error
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise TrainingRefused(f"{path} is not a CSV table: {error}") from error


def _objects(values: "pd.Series[Any]") -> NDArray[Any]:
    column = np.empty(len(values), dtype=object)
    column[:] = [None if pd.isna(value) else value for value in values.tolist()]
    return column

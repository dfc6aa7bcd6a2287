"""Where a table's landmarks lie in calendar time."""

from typing import Final

import numpy as np
import pandas as pd

from ml.frames.frame import TrainingRefused
from ml.scoring.features import Floats
from ml.table.notation import days_of, first, place
from ml.table.question import Question

UNIT_DAYS: Final = {"days": 1.0, "weeks": 7.0, "months": 30.4375, "years": 365.25}


def moments(rows: pd.DataFrame, question: Question) -> Floats:
    """Calendar time of each row in the table's unit, shape (rows,); NaN where none is named.

    Raises
    ------
    TrainingRefused
        If a value is neither a number nor a day, or days are given in a unit of unknown length.
    """
    name = question.calendar
    if name is None:
        return np.full(len(rows), np.nan)
    numbers = pd.to_numeric(rows[name], errors="coerce")
    if numbers.isna().any():
        numbers = days_of(rows[name]) / _unit_days(question)
    if (at := first(numbers.isna())) is not None:
        raise TrainingRefused(
            f"{name}: {place(rows, at)} has {rows[name].tolist()[at]!r}; a number or a day such as"
            " 2026-01-31 is needed in every row"
        )
    return np.asarray(numbers, dtype=np.float64)


def _unit_days(question: Question) -> float:
    if question.unit not in UNIT_DAYS:
        allowed = ", ".join(UNIT_DAYS)
        raise TrainingRefused(
            f"--unit: {question.unit!r} has no length in days; allowed: {allowed}"
        )
    return UNIT_DAYS[question.unit]

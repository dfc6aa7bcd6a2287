"""How long accounts have been under contract without a break, and which of them are new."""

import numpy as np
from numpy.typing import NDArray

from ml.frames.frame import Frame
from ml.scoring.features import Columns, Floats, numbers
from ml.scoring.score import NEWCOMER_DAYS


def elapsed(columns: Columns, rows: int) -> Floats:
    """Days since the present spell began, shape (rows,), as they are told to scoring; NaN: unknown.

    Rows from before spells were told know only the account's age.
    """
    unknown = np.full(rows, np.nan)
    age, whole = (numbers(columns.get(n, unknown)) for n in ("spell_age_days", "account_age_days"))
    return np.where(np.isnan(age), whole, age)


def are_new(frame: Frame) -> NDArray[np.bool_]:
    """Rows in the first 90 days of their spell, shape (rows,)."""
    return elapsed(frame.columns, len(frame)) < NEWCOMER_DAYS

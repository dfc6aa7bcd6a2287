"""Months and strata of the renewal clock, the same for training and scoring."""

import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.vocabulary.errors import InvalidInput

Floats: TypeAlias = NDArray[np.float64]

MONTH_DAYS: Final = 30.4375
"""Days of a mean month (365.25 / 12)."""

SLACK_DAYS: Final = 3
"""Calendar months are longer than as many mean months by three days at most."""

FARTHEST_DAYS: Final = 3_652_059.0
"""No two days of the calendar, years 1 to 9999, lie farther apart."""

HORIZON_MONTHS: Final = 12
NO_RENEWAL: Final = "none"
NEARNESS: Final = "renewal_nearness"
"""The signal that says how near the decision is: the farther it lies, the less others say of it."""

MONTHLY: Final = "monthly"
EVERYONE: Final = "all"
RENEWALS: Final = {month: f"r{month:02d}" for month in range(1, HORIZON_MONTHS + 1)}
"""Stratum of contracts whose renewal falls in that coming month."""


def known_days(name: str, days: Sequence[float | None]) -> Floats:
    """Numbers of days as an array, shape (rows,); NaN where one is None or not a number.

    Raises
    ------
    InvalidInput
        If one lies beyond the calendar: nobody meant that.
    """
    numbers = np.array([np.nan if day is None else float(day) for day in days], dtype=np.float64)
    absurd = np.flatnonzero(np.abs(numbers) > FARTHEST_DAYS)
    if len(absurd):
        allowed = f"at most {FARTHEST_DAYS:,.0f} days, or none"
        raise InvalidInput(name, float(numbers[absurd[0]]), allowed)
    return numbers


def month_of(days: float) -> int:
    """Number of the month, from 1, in which a day so many days ahead falls.

    Whole calendar months always count as that many months: 31 days are month 1, 366 days month 12.
    """
    return max(1, math.ceil((days - SLACK_DAYS) / MONTH_DAYS))


def months_between(start: date, end: date) -> int:
    """Whole calendar months from one day to a later one: from 31 January to 28 February is one."""
    months = (end.year - start.year) * 12 + end.month - start.month
    last_of_month = (end + timedelta(days=1)).day == 1
    return months - (end.day < start.day and not last_of_month)


def stratum_of(term_months: float | None, days_to_renewal: float | None) -> str:
    """Where an account stands on the renewal clock.

    Parameters
    ----------
    term_months
        Length of the open contract; None if unknown.
    days_to_renewal
        Days until the open contract's end; negative when overdue; None without an end.

    Returns
    -------
    `monthly` for contracts of a month, `r01`…`r12` when the renewal falls in that coming month,
    `none` when no renewal is known within twelve months.
    """
    if days_to_renewal is None or math.isnan(days_to_renewal):
        return NO_RENEWAL
    if term_months is not None and term_months <= 1:
        return MONTHLY
    month = month_of(days_to_renewal)
    return RENEWALS.get(month, NO_RENEWAL)


def strata_of(
    term_months: Sequence[float | None], days_to_renewal: Sequence[float | None]
) -> NDArray[np.str_]:
    """`stratum_of` for many accounts, in order."""
    pairs = zip(term_months, days_to_renewal, strict=True)
    return np.array([stratum_of(term, days) for term, days in pairs], dtype=np.str_)

"""Numbers, signals and places on the renewal clock as readers of a report see them."""

import re
from typing import Final

from ml.scoring.renewal_clock import MONTHLY, NO_RENEWAL

UNITS: Final = {"_days": "days", "_months": "months", "_cents": "cents", "_hours": "hours"}
"""By the end of a signal's name: units that its words may leave out."""


def percent(share: float) -> str:
    """A share with one digit; the sign never stands on a line of its own."""
    return f"{share * 100:.1f}\N{NO-BREAK SPACE}%"


def in_words(value: float | str) -> str:
    """A value of a signal: four digits, none of them an exponent's; levels that are numbers too."""
    if isinstance(value, str):
        return in_words(float(value)) if re.fullmatch(r"-?\d+\.\d+", value) else value
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"


def named(label: str, feature: str) -> str:
    """A signal's words with its unit, where they do not say it."""
    unit = next((unit for end, unit in UNITS.items() if feature.endswith(end)), None)
    return label if unit is None or unit in label.lower() else f"{label}, {unit}"


def place(stratum: str) -> str:
    """A place on the renewal clock in words; names of other segments as they are."""
    if stratum == MONTHLY:
        return "renews every month"
    if stratum == NO_RENEWAL:
        return "no renewal within a year"
    month = re.fullmatch(r"r(\d\d)", stratum)
    return f"renewal in month {int(month[1])}" if month else stratum

"""What other services answered about an account: the inputs of its score."""

import hashlib
import math
from typing import TypeAlias

import msgspec

from shared.vocabulary.landmark import FeatureRow

Inputs: TypeAlias = dict[str, FeatureRow]
"""What each service answered about an account, by service."""


def feature_row(inputs: Inputs) -> FeatureRow:
    """The answers of all services in one row."""
    return {name: value for row in inputs.values() for name, value in row.items()}


def number(row: FeatureRow, name: str) -> float | None:
    """A number of the row; None where there is none."""
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def spell_age(row: FeatureRow) -> float | None:
    """Days since the present spell began; the oldest inputs know only the age of the account."""
    days = number(row, "spell_age_days")
    return number(row, "account_age_days") if days is None else days


def storable(inputs: Inputs) -> Inputs:
    """The inputs as the database gives them back, so that a score can be made again from them.

    It knows no negative zero, and JSON neither infinity nor anything that is not a number.
    """
    return {
        service: {name: _storable(value) for name, value in row.items()}
        for service, row in inputs.items()
    }


def _storable(value: float | str | bool | None) -> float | str | bool | None:
    if not isinstance(value, float):
        return value
    return value + 0.0 if math.isfinite(value) else None


def inputs_hash(inputs: Inputs) -> str:
    """SHA-256 of the inputs, the same however they were stored."""
    return hashlib.sha256(msgspec.json.encode(inputs, order="deterministic")).hexdigest()

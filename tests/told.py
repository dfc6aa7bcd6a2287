"""Signals as numbers, where a test knows that they are some."""

from shared.vocabulary.landmark import FeatureRow


def number(row: FeatureRow, name: str) -> float:
    """The value of a signal; 0 where it is not known."""
    value = row[name]
    assert value is None or isinstance(value, int | float), (name, value)
    return float(value or 0)

"""A number that explains itself: the only way a metric leaves a service."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict, Unpack

from shared.vocabulary.definition import Definition


class Window(TypedDict, total=False):
    """Which time a metric speaks of, and when the newest row behind it was recorded."""

    window_from: datetime | None
    window_to: datetime | None
    freshness: datetime | None


@dataclass(frozen=True, slots=True)
class MetricValue:
    """A metric with what made it; `value` is None when there is not enough to speak of."""

    value: float | None
    definition: str
    version: int
    n: int
    numerator: float | None = None
    denominator: float | None = None
    window_from: datetime | None = None
    window_to: datetime | None = None
    freshness: datetime | None = None

    @property
    def insufficient_data(self) -> bool:
        return self.value is None


def of(
    definition: Definition,
    value: float | None,
    n: int,
    *,
    numerator: float | None = None,
    denominator: float | None = None,
    **window: Unpack[Window],
) -> MetricValue:
    """A value that is neither a plain ratio nor a count; None where there is too little data."""
    return MetricValue(
        value, definition.id, definition.version, n, numerator, denominator, **window
    )


def ratio(
    definition: Definition, numerator: float, denominator: float, **window: Unpack[Window]
) -> MetricValue:
    """numerator / denominator; no value where the denominator is zero."""
    value = numerator / denominator if denominator else None
    n = int(denominator)
    return of(definition, value, n, numerator=numerator, denominator=denominator, **window)


def count(definition: Definition, value: float, **window: Unpack[Window]) -> MetricValue:
    """A plain count or sum; zero is an answer."""
    return of(definition, value, int(value), numerator=value, **window)

"""A number that explains itself: the only way a metric leaves a service."""

from dataclasses import dataclass
from datetime import datetime

from shared.vocabulary.definition import Definition


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
    window_from: datetime | None = None,
    window_to: datetime | None = None,
    freshness: datetime | None = None,
) -> MetricValue:
    """A value that is neither a plain ratio nor a count; None where there is too little data."""
    return MetricValue(
        value=value,
        definition=definition.id,
        version=definition.version,
        n=n,
        numerator=numerator,
        denominator=denominator,
        window_from=window_from,
        window_to=window_to,
        freshness=freshness,
    )


def ratio(
    definition: Definition,
    numerator: float,
    denominator: float,
    *,
    window_from: datetime | None = None,
    window_to: datetime | None = None,
    freshness: datetime | None = None,
) -> MetricValue:
    """numerator / denominator; no value where the denominator is zero."""
    return of(
        definition,
        numerator / denominator if denominator else None,
        int(denominator),
        numerator=numerator,
        denominator=denominator,
        window_from=window_from,
        window_to=window_to,
        freshness=freshness,
    )


def count(
    definition: Definition,
    value: float,
    *,
    window_from: datetime | None = None,
    window_to: datetime | None = None,
    freshness: datetime | None = None,
) -> MetricValue:
    """A plain count or sum; zero is an answer."""
    return of(
        definition,
        value,
        int(value),
        numerator=value,
        window_from=window_from,
        window_to=window_to,
        freshness=freshness,
    )

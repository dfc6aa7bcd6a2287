"""Values that every service shows: money, and metrics that explain themselves."""

from datetime import datetime

from shared.graphql.scalars import WideInt
from shared.graphql.showing import Shown, shown
from shared.vocabulary import metric, money


class Money(Shown[money.Money], description="An amount of money in minor units."):
    cents: WideInt = shown("Minor units, e.g. cents.")
    currency: str = shown("ISO 4217 code.")


class MetricValue(
    Shown[metric.MetricValue],
    description="A metric that explains itself: definition, window, numerator, denominator and n.",
):
    value: float | None = shown("The number; null when there is not enough data.")
    insufficient_data: bool = shown("True when no number can honestly be given.")
    definition: str = shown("Id of the definition, e.g. U14.")
    version: int = shown("Version of the definition.")
    n: int = shown("How many things were counted.")
    numerator: float | None = shown("What was divided, where it is a ratio.")
    denominator: float | None = shown("What it was divided by.")
    window_from: datetime | None = shown("Start of the window, inclusive.", name="from")
    window_to: datetime | None = shown("End of the window, exclusive.", name="to")
    freshness: datetime | None = shown("When the newest row behind it was recorded.")

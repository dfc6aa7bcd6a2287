"""Stickiness as it is shown."""

import strawberry

from services.usage.domain import stickiness
from shared.graphql.old import MetricValue


@strawberry.type(description="Mean daily members over distinct members (U14). Higher is better.")
class Stickiness:
    calendar: MetricValue = strawberry.field(description="Over all days of the window.")
    business: MetricValue = strawberry.field(description="Over its Mondays to Fridays.")

    @classmethod
    def of(cls, seen: stickiness.Stickiness) -> "Stickiness":
        return cls(calendar=MetricValue.of(seen.calendar), business=MetricValue.of(seen.business))

"""What risk shows of health: one number with its parts, and how far it goes with renewal."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry
from strawberry.types import Info

from services.risk.domain import health as health_domain
from services.risk.schema.values import EndsFrom, EndsTo
from services.risk.store import health as health_store
from shared.graphql.old import AsOf, Context, Part
from shared.vocabulary.errors import InvalidInput

Request = Info[Context, None]


@strawberry.enum(description=f"Where a health score lies (rule {health_domain.VERSION}).")
class HealthBand(Enum):
    RED = strawberry.enum_value("RED", description=f"Up to {health_domain.RED_TO:g}.")
    YELLOW = strawberry.enum_value("YELLOW", description=f"Up to {health_domain.YELLOW_TO:g}.")
    GREEN = strawberry.enum_value("GREEN", description="Above.")


@strawberry.enum(description="What a part of a health score speaks of.")
class HealthArea(Enum):
    USAGE = strawberry.enum_value(
        "USAGE",
        description="Mean of: seats in use, days in use of twenty, use against the four weeks"
        " before.",
    )
    EDUCATION = strawberry.enum_value(
        "EDUCATION",
        description="Members who completed a course in 180 days, of those active; unknown where"
        " nobody was ever enrolled.",
    )
    TICKETS = strawberry.enum_value(
        "TICKETS",
        description=f"Tickets a member in 28 days, severe ones twice: 100 without any, 0 from"
        f" {health_domain.TICKETS_MOST:g} on.",
    )
    NPS = strawberry.enum_value(
        "NPS", description="The trait nps, −100 to 100, where your systems send one."
    )


@strawberry.type(description="An input of a part.")
class HealthInput:
    name: str = strawberry.field(description="Name of the input, with its unit.")
    value: float = strawberry.field(description="Its value.")


@strawberry.type(description="A part of a health score.")
class HealthPart:
    area: HealthArea = strawberry.field(description="What it speaks of.")
    value: float | None = strawberry.field(
        description="0 to 100, higher is better; null where it is not known."
    )
    weight: float = strawberry.field(
        description="Its share of the score, 0 to 1: those of all known parts add up to 1."
    )
    inputs: list[HealthInput] = strawberry.field(description="What it was made from.")

    @classmethod
    def of(cls, part: health_domain.HealthPart) -> "HealthPart":
        return cls(
            area=HealthArea(part.area.value),
            value=part.value,
            weight=part.weight,
            inputs=[HealthInput(name=n, value=v) for n, v in part.made_from.items()],
        )


@strawberry.type(
    description="How an account is doing (R3): use .40, education .20, tickets .20, NPS .20. A rule"
    " of thumb, set by hand and kept apart from the forecast: healthCheck says how far it goes with"
    " renewal."
)
class HealthScore:
    value: float | None = strawberry.field(
        description="0 to 100, higher is better; null where no part is known."
    )
    band: HealthBand | None = strawberry.field(description="Its band; null without a value.")
    coverage: float = strawberry.field(
        description="Share of the weights whose part is known, 0 to 1; the rest is not guessed."
    )
    parts: list[HealthPart] = strawberry.field(description="All four parts.")
    as_of: datetime = strawberry.field(description="Only what was recorded before is known to it.")
    version: int = strawberry.field(description="Of the rule.")

    @classmethod
    def of(cls, found: health_domain.Health) -> "HealthScore":
        return cls(
            value=found.value,
            band=HealthBand(found.band.value) if found.band else None,
            coverage=found.coverage,
            parts=[HealthPart.of(part) for part in found.parts],
            as_of=found.as_of,
            version=health_domain.VERSION,
        )


@strawberry.type(description="What became of contracts whose account was in a band.")
class HealthBandOutcome:
    band: HealthBand = strawberry.field(description="The band then.")
    n: int = strawberry.field(description="How many contracts.")
    renewed: int = strawberry.field(description="How many of them were renewed.")


@strawberry.type(
    description="Health held against what came, beside the forecast on the same contracts."
)
class HealthCheck:
    days_before: int = strawberry.field(description="Days before the contracts' ends.")
    n: int = strawberry.field(description="How many contracts, the last to end, at most 5,000.")
    auc: float | None = strawberry.field(
        description="How often a renewed contract had the better health than a lost one, 0 to 1;"
        " 0.5 is chance. Null where all were renewed, or none."
    )
    forecast_auc: float | None = strawberry.field(
        description="The same of the renewal probability served then."
    )
    bands: list[HealthBandOutcome] = strawberry.field(description="Red, yellow, green.")

    @classmethod
    def of(cls, found: health_domain.HealthCheck) -> "HealthCheck":
        return cls(
            days_before=found.days_before,
            n=found.n,
            auc=found.auc,
            forecast_auc=found.forecast_auc,
            bands=[
                HealthBandOutcome(band=HealthBand(b.band.value), n=b.n, renewed=b.renewed)
                for b in found.bands
            ],
        )


@strawberry.type
class HealthFields(Part):
    """How an account is doing."""

    @strawberry.field(
        description="How the account is doing, from what its forecast was made of; null until it"
        " is scored once, and while it has no open contract."
    )
    async def health(self, info: Request, as_of: AsOf = None) -> HealthScore | None:
        found = await info.context.load(health_store.healths, self.key, as_of=as_of or self.as_of)
        return HealthScore.of(found) if found else None


@strawberry.type
class HealthQuery:
    """How far health goes with renewal."""

    @strawberry.field(
        description="Health so many days before contracts ended, held against what came, and the"
        " forecast beside it."
    )
    async def health_check(
        self,
        info: Request,
        start: EndsFrom,
        end: EndsTo,
        days_before: Annotated[
            int, strawberry.argument(description="Days before the end, 1 to 365.")
        ] = 90,
    ) -> HealthCheck | None:
        if not 1 <= days_before <= 365:
            raise InvalidInput("daysBefore", days_before, "1 to 365")
        found = await info.context.call(
            health_store.health_check, days_before=days_before, since=start, until=end
        )
        return HealthCheck.of(found)

"""What risk shows of health: one number with its parts, and how far it goes with renewal."""

from datetime import datetime

import strawberry

from services.risk.domain import health as health_domain
from services.risk.domain.health import HealthArea, HealthBand
from shared.graphql.enums import shown_enum
from shared.graphql.showing import Shown, shown

shown_enum(
    HealthBand,
    f"Where a health score lies (rule {health_domain.VERSION}).",
    RED=f"Up to {health_domain.RED_TO:g}.",
    YELLOW=f"Up to {health_domain.YELLOW_TO:g}.",
    GREEN="Above.",
)
shown_enum(
    HealthArea,
    "What a part of a health score speaks of.",
    USAGE="Mean of: seats in use, days in use of twenty, use against the four weeks before.",
    EDUCATION="Members who completed a course in 180 days, of those active; unknown where nobody"
    " was ever enrolled.",
    TICKETS="Tickets a member in 28 days, severe ones twice: 100 without any, 0 from"
    f" {health_domain.MAX_TICKETS:g} on.",
    NPS="The trait nps, −100 to 100, where your systems send one.",
)


@strawberry.type(description="An input of a part.")
class HealthInput:
    name: str = strawberry.field(description="Name of the input, with its unit.")
    value: float = strawberry.field(description="Its value.")


def _inputs(inputs: dict[str, float]) -> list[HealthInput]:
    return [HealthInput(name=name, value=value) for name, value in inputs.items()]


class HealthPart(Shown[health_domain.HealthPart], description="A part of a health score."):
    area: HealthArea = shown("What it speaks of.")
    value: float | None = shown("0 to 100, higher is better; null where it is not known.")
    weight: float = shown("Its share of the score, 0 to 1: those of all known parts add up to 1.")
    inputs: list[HealthInput] = shown("What it was made from.", of="inputs", by=_inputs)


def _version(_: health_domain.Health) -> int:
    return health_domain.VERSION


class HealthScore(
    Shown[health_domain.Health],
    description="How an account is doing (R3): use .40, education .20, tickets .20, NPS .20. A"
    " rule of thumb, set by hand and kept apart from the forecast: healthCheck says how far it"
    " goes with renewal.",
):
    value: float | None = shown("0 to 100, higher is better; null where no part is known.")
    band: HealthBand | None = shown("Its band; null without a value.")
    coverage: float = shown(
        "Share of the weights whose part is known, 0 to 1; the rest is not guessed."
    )
    parts: list[HealthPart] = shown("All four parts.")
    as_of: datetime = shown("Only what was recorded before is known to it.")
    version: int = shown("Of the rule.", by=_version)


class HealthBandOutcome(
    Shown[health_domain.BandEnding],
    description="What became of contracts whose account was in a band.",
):
    band: HealthBand = shown("The band then.")
    n: int = shown("How many contracts.")
    renewed: int = shown("How many of them were renewed.")


class HealthCheck(
    Shown[health_domain.HealthCheck],
    description="Health held against what came, beside the forecast on the same contracts.",
):
    days_before: int = shown("Days before the contracts' ends.")
    n: int = shown("How many contracts, the last to end, at most 5,000.")
    auc: float | None = shown(
        "How often a renewed contract had the better health than a lost one, 0 to 1; 0.5 is"
        " chance. Null where all were renewed, or none."
    )
    forecast_auc: float | None = shown("The same of the renewal probability served then.")
    bands: list[HealthBandOutcome] = shown("Red, yellow, green.")

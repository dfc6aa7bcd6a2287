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
    RED=f"The score is at most {health_domain.RED_TO:g}.",
    YELLOW=f"The score is above that and at most {health_domain.YELLOW_TO:g}.",
    GREEN=f"The score is above {health_domain.YELLOW_TO:g}.",
)
shown_enum(
    HealthArea,
    "What a part of a health score speaks of.",
    USAGE="The mean of three shares: of seats in use, of days in use out of twenty, and of use"
    " compared with the four weeks before.",
    EDUCATION="The share of active members who completed a course in 180 days; unknown where nobody"
    " was ever enrolled.",
    TICKETS="Tickets for each member in 28 days, where severe ones count twice: 100 without any, 0"
    f" from {health_domain.MAX_TICKETS:g} on.",
    NPS="The trait nps, −100 to 100, where your systems send one.",
)


@strawberry.type(description="An input of a part of a health score.")
class HealthInput:
    name: str = strawberry.field(description="Name of the input, with its unit.")
    value: float = strawberry.field(description="Its value.")


def _inputs(inputs: dict[str, float]) -> list[HealthInput]:
    return [HealthInput(name=name, value=value) for name, value in inputs.items()]


class HealthPart(Shown[health_domain.HealthPart], description="A part of a health score."):
    area: HealthArea = shown("What it speaks of.")
    value: float | None = shown("Its value, 0 to 100; higher is better. Null where it is unknown.")
    weight: float = shown("Its share of the score, 0 to 1; those of all known parts add up to 1.")
    inputs: list[HealthInput] = shown("The inputs it was made from.", of="inputs", by=_inputs)


def _version(_: health_domain.Health) -> int:
    return health_domain.VERSION


class HealthScore(
    Shown[health_domain.Health],
    description="How an account is doing (R3): use .40, education .20, tickets .20, NPS .20. It is"
    " a rule of thumb, set by hand and separate from the forecast: healthCheck says how well it"
    " agrees with renewals.",
):
    value: float | None = shown("Its value, 0 to 100; higher is better. Null where it is unknown.")
    band: HealthBand | None = shown("The band of the score; null without a score.")
    coverage: float = shown(
        "The sum of the weights whose part is known, 0 to 1; the rest is not guessed."
    )
    parts: list[HealthPart] = shown("The four parts of the score.")
    as_of: datetime = shown("It knows only what was recorded before.")
    version: int = shown("The version of the rule.", by=_version)


class HealthBandOutcome(
    Shown[health_domain.BandEnding],
    description="What became of contracts whose account was in a band.",
):
    band: HealthBand = shown("The band at that moment.")
    n: int = shown("How many contracts there are.")
    renewed: int = shown("How many of them were renewed.")


class HealthCheck(
    Shown[health_domain.HealthCheck],
    description="Health compared with what came, beside the forecast of the same contracts.",
):
    days_before: int = shown("How many days before the end of each contract.")
    n: int = shown("How many contracts there are; at most 5,000, those that ended last.")
    auc: float | None = shown(
        "How often a renewed contract had a better health than a lost one, 0 to 1; 0.5 is chance."
        " Null where all were renewed, or none."
    )
    forecast_auc: float | None = shown("The same for the renewal probability that was served then.")
    bands: list[HealthBandOutcome] = shown("What became of the contracts, by band.")

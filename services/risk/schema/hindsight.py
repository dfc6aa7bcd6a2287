"""What risk shows of the past: lost contracts as they were forecast, and who had been right."""

from datetime import date, datetime

import strawberry

from services.risk.domain import hindsight as hindsight_domain
from services.risk.schema.scores import Risk
from services.risk.schema.values import text
from shared.graphql.objects import Account
from shared.graphql.showing import Shown, shown

MAX_OPINIONS = 100


@strawberry.type(description="An input of a score.")
class KnownInput:
    name: str = strawberry.field(description="Name of the input, with its unit.")
    value: str | None = strawberry.field(description="Its value then; null when it was unknown.")
    source: str = strawberry.field(description="The service that it comes from.")


def _inputs(look: hindsight_domain.Look) -> list[KnownInput]:
    return [
        KnownInput(name=name, value=text(value), source=source)
        for source, row in look.inputs.items()
        for name, value in sorted(row.items())
    ]


class Look(
    Shown[hindsight_domain.Look],
    description="What was known and predicted so many days before a loss.",
):
    days_before: int = shown("How many days before the contract ended.")
    at: datetime = shown("The moment: the start of that day (UTC).")
    risk: Risk | None = shown(
        "The forecast as it was served then, with drivers; null without one.", of="score"
    )
    inputs: list[KnownInput] = shown("Every input of that forecast.", by=_inputs, name="known")


class PostMortem(
    Shown[hindsight_domain.PostMortem],
    description="A contract that was lost: what was known and predicted 90, 60 and 30 days before,"
    " as it was served then.",
):
    ended_on: date = shown("The day on which the contract ended.", of="contract.ended_on")
    looks: list[Look] = shown("The looks back; the farthest from the end comes first.")


class Expectation(
    Shown[hindsight_domain.Expectation],
    description="What somebody expects of an account's renewal, beside the model's forecast.",
):
    renewal_probability: float = shown("The chance of renewal that they expect, 0 to 1.")
    model_probability: float | None = shown(
        "The model's chance of renewal at that moment; null when it had made none."
    )
    stated_by: str = shown("Who stated it.")
    stated_at: datetime = shown("When it was stated.")
    note: str | None = shown("Their reason, in their own words.")


class Opinion(
    Shown[hindsight_domain.Opinion],
    description="What the model and a person expected of a contract, and what came.",
):
    ended_on: date = shown("The day on which the contract ended.")
    renewed: bool = shown("Whether it was renewed.")
    model: float = shown("The model's chance of renewal then, 0 to 1.")
    person: float = shown("The person's chance of renewal then, 0 to 1.")
    stated_by: str = shown("Who the person is.")
    account: Account = shown("The account of the contract.", of="account_id")


def _count(opinions: list[hindsight_domain.Opinion]) -> int:
    return len(opinions)


def _newest(opinions: list[hindsight_domain.Opinion]) -> list[hindsight_domain.Opinion]:
    return opinions[:MAX_OPINIONS]


class Disagreement(
    Shown[hindsight_domain.Disagreement],
    description="Model and people compared with what came, on the contracts that both had forecast"
    " so many days before the end.",
):
    days_before: int = shown("How many days before the end of each contract.")
    n: int = shown("How many contracts there are.", of="opinions", by=_count)
    model_brier: float | None = shown(
        "Mean squared error of the model's chances, 0 to 1; lower is better."
    )
    person_brier: float | None = shown("The same error of the people's chances.")
    opinions: list[Opinion] = shown(
        "The contracts, at most 100; the last to end comes first.", of="opinions", by=_newest
    )

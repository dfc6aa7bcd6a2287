"""What one sees looking back: lost contracts as they were forecast, and who had been right."""

from datetime import date, datetime

import strawberry

from services.risk.domain import hindsight as hindsight_domain
from services.risk.schema.scores import Risk
from services.risk.schema.values import text
from shared.graphql.objects import Account
from shared.graphql.showing import Shown, shown

MAX_OPINIONS = 100


@strawberry.type(description="An input as it was known to a score.")
class KnownInput:
    name: str = strawberry.field(description="Name of the input, with its unit.")
    value: str | None = strawberry.field(description="Its value then; null when unknown.")
    source: str = strawberry.field(description="The service that told it.")


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
    days_before: int = shown("Days before the contract ended.")
    at: datetime = shown("That moment: the start of the day, UTC.")
    risk: Risk | None = shown(
        "The forecast as it was served then, drivers and all; null when there was none.", of="score"
    )
    known: list[KnownInput] = shown("Every input that it rested on.", by=_inputs)


class PostMortem(
    Shown[hindsight_domain.PostMortem],
    description="A contract that was lost, with what was known and predicted 90, 60 and 30 days"
    " before, as it was served: what to learn from.",
):
    ended_on: date = shown("The day on which the contract ended.", of="contract.ended_on")
    looks: list[Look] = shown("The farthest from the end first.")


class Expectation(
    Shown[hindsight_domain.Expectation],
    description="What somebody expects of an account's renewal, kept beside the model's forecast.",
):
    renewal_probability: float = shown("What they expect, 0 to 1.")
    model_probability: float | None = shown(
        "What the model said at that moment; null when it had said nothing."
    )
    stated_by: str = shown("Who said so.")
    stated_at: datetime = shown("When.")
    note: str | None = shown("Why, in their words.")


class Opinion(
    Shown[hindsight_domain.Opinion],
    description="What model and person said of a contract, and what came.",
):
    ended_on: date = shown("The day on which the contract ended.")
    renewed: bool = shown("Whether it was renewed.")
    model: float = shown("The model's chance of renewal then, 0 to 1.")
    person: float = shown("The person's, 0 to 1.")
    stated_by: str = shown("The person.")
    account: Account = shown("The account.", of="account_id")


def _count(opinions: list[hindsight_domain.Opinion]) -> int:
    return len(opinions)


def _newest(opinions: list[hindsight_domain.Opinion]) -> list[hindsight_domain.Opinion]:
    return opinions[:MAX_OPINIONS]


class Disagreement(
    Shown[hindsight_domain.Disagreement],
    description="Model and people held against what came, on the same contracts: those of which"
    " both had spoken so many days before the end.",
):
    days_before: int = shown("Days before the contracts' ends.")
    n: int = shown("How many contracts.", of="opinions", by=_count)
    model_brier: float | None = shown(
        "Mean squared error of the model's chances, 0 to 1; lower is better."
    )
    person_brier: float | None = shown("The same of the people's.")
    opinions: list[Opinion] = shown(
        "The contracts themselves, the last to end first, at most 100.", of="opinions", by=_newest
    )

"""Values that several of risk's types show: chances, figures, and inputs as people read them."""

from datetime import date
from typing import Annotated

import strawberry

from services.risk.domain import chance as chance_domain
from services.risk.domain import scores as scores_domain

EndsFrom = Annotated[
    date, strawberry.argument(name="from", description="First day of ends counted.")
]
EndsTo = Annotated[
    date, strawberry.argument(name="to", description="The day after the last counted.")
]
"""Contracts by the day of their end, as questions on what came of them count."""


@strawberry.type(description="A chance in [0, 1] with its interval.")
class Probability:
    value: float = strawberry.field(description="The chance, 0 to 1.")
    low: float = strawberry.field(description="Lower end of the interval, 0 to 1.")
    high: float = strawberry.field(description="Upper end of the interval, 0 to 1.")
    level: float = strawberry.field(
        description="How often such intervals should hold the account's own true chance, 0 to 1."
        " They carry what the model could not learn from so few losses and what signals do not show"
        " of a single account; the value is the mean of those that look alike. A future unlike the"
        " past is not in them. Without recorded use they speak of that mean alone."
    )

    @classmethod
    def of(cls, chance: chance_domain.Probability) -> "Probability":
        return cls(value=chance.value, low=chance.low, high=chance.high, level=scores_domain.LEVEL)


@strawberry.type(description="A held-out figure of a model.")
class ModelMetric:
    name: str = strawberry.field(description="Name of the figure, e.g. concordance.")
    value: float = strawberry.field(description="Its value, in the unit its name says.")


def to_metrics(figures: dict[str, float]) -> list[ModelMetric]:
    """Figures by name, in order."""
    return [ModelMetric(name=name, value=value) for name, value in sorted(figures.items())]


def text(value: float | str | bool | None) -> str | None:
    """An input's value as people read it; None when unknown."""
    if value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else f"{value:g}"

"""Values that several types of risk show: chances, figures, and inputs as people read them."""

import strawberry

from ml.scoring import signal_groups
from services.risk.domain import chance as chance_domain
from services.risk.domain import scores as scores_domain
from shared.graphql.showing import Shown, shown
from shared.vocabulary.errors import InvalidInput


def _level(_: chance_domain.Probability) -> float:
    return scores_domain.LEVEL


class Probability(Shown[chance_domain.Probability], description="A chance with its interval."):
    value: float = shown("The chance, 0 to 1.")
    low: float = shown("The lower end of the interval, 0 to 1.")
    high: float = shown("The upper end of the interval, 0 to 1.")
    level: float = shown(
        "How often such intervals should contain the account's own true chance, 0 to 1. They cover"
        " what the model could not learn from so few losses, and what signals do not show of a"
        " single account; the value is the mean of accounts that look alike. They do not cover a"
        " future unlike the past. Without recorded use they speak of that mean alone.",
        by=_level,
    )


@strawberry.type(description="A figure of a model on accounts that it was not fitted to.")
class ModelMetric:
    name: str = strawberry.field(description="The name of the figure, e.g. concordance.")
    value: float = strawberry.field(description="Its value, in the unit its name says.")


def to_metrics(figures: dict[str, float]) -> list[ModelMetric]:
    """Figures by name, in order."""
    return [ModelMetric(name=name, value=value) for name, value in sorted(figures.items())]


def check_within(argument: str, value: int, low: int, high: int) -> None:
    """InvalidInput for a number out of bounds."""
    if not low <= value <= high:
        raise InvalidInput(argument, value, f"{low} to {high}")


def group_label(feature: str) -> str:
    """What an input speaks of, in words."""
    return signal_groups.words(signal_groups.group_of(feature))


def text(value: float | str | bool | None) -> str | None:
    """An input's value as people read it; None when unknown."""
    if value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else f"{value:g}"

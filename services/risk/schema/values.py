"""Values that several of risk's types show: chances, and inputs as people read them."""

import strawberry

from services.risk import domain


@strawberry.type(description="A chance in [0, 1] with its interval.")
class Probability:
    value: float = strawberry.field(description="The chance, 0 to 1.")
    low: float = strawberry.field(description="Lower end of the interval, 0 to 1.")
    high: float = strawberry.field(description="Upper end of the interval, 0 to 1.")
    level: float = strawberry.field(
        description="How often such intervals should hold the true chance, 0 to 1: for what the"
        " model could not learn from so few losses. They speak of the mean of accounts that look"
        " alike to it, not of how one differs from these, nor of a future unlike the past."
    )

    @classmethod
    def of(cls, chance: domain.Probability) -> "Probability":
        return cls(value=chance.value, low=chance.low, high=chance.high, level=domain.LEVEL)


def text(value: float | str | bool | None) -> str | None:
    """An input's value as people read it; None when unknown."""
    if value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else f"{value:g}"

"""What moved a score between two moments."""

from enum import Enum

import strawberry

from services.risk.forecasting import change as change_forecasting
from services.risk.schema.score import Risk
from services.risk.schema.values import text


@strawberry.enum(description="Why a part of a score moved.")
class ChangeKind(Enum):
    DATA = strawberry.enum_value("DATA", description="An input has another value.")
    TIME = strawberry.enum_value(
        "TIME", description="Only time passed: the renewal came nearer, the account older."
    )
    MODEL = strawberry.enum_value("MODEL", description="Another model reads the same inputs.")


@strawberry.type(description="One part of a score's change: an association, not a cause.")
class RiskChangePart:
    feature: str | None = strawberry.field(
        description="The input; null for the renewal clock, for leaving the first 90 days, in which"
        " another part of the model speaks, and for another model."
    )
    label: str = strawberry.field(description="The input in words.")
    kind: ChangeKind = strawberry.field(description="Why this part moved.")
    before: str | None = strawberry.field(
        description="The value before: the input's, the renewal date, or the model's version."
        " Null when unknown."
    )
    after: str | None = strawberry.field(description="The value after, likewise.")
    contribution: float = strawberry.field(
        description="Its part of the change, −1 to 1. Above 0 goes with renewal."
    )


@strawberry.type(
    description="What moved the score served between two moments. The parts add up to the change,"
    " and so do data, model and time: each is what it adds, averaged over the orders in which the"
    " three can change. They are associations, not causes."
)
class RiskChange:
    start: Risk | None = strawberry.field(
        name="from", description="What was served at the first moment."
    )
    end: Risk | None = strawberry.field(
        name="to", description="What was served at the second moment."
    )
    change: float | None = strawberry.field(
        description="explainedProbability after less before, −1 to 1. Above 0 is better. Null"
        " where one of the two is missing."
    )
    comparable: bool = strawberry.field(
        description="False where the two speak of different renewal dates, or one is missing."
    )
    by_data: float | None = strawberry.field(
        name="data",
        description="What other inputs did, −1 to 1. Null where nobody can tell: see unexplained.",
    )
    by_model: float | None = strawberry.field(
        name="model", description="What another model did, −1 to 1. Null likewise."
    )
    by_time: float | None = strawberry.field(
        name="time", description="What time did by passing alone, −1 to 1. Null likewise."
    )
    parts: list[RiskChangePart] = strawberry.field(description="The largest first.")
    unexplained: str | None = strawberry.field(
        description="Why there are no parts: no score, a model that cannot be read, or inputs that"
        " do not match their hash. Null when all is explained."
    )

    @classmethod
    def of(cls, change: change_forecasting.RiskChange) -> "RiskChange":
        sums = change.by_kind
        return cls(
            start=Risk.of(change.start) if change.start else None,
            end=Risk.of(change.end) if change.end else None,
            change=change.change,
            comparable=change.comparable,
            by_data=sums.get(change_forecasting.ChangeKind.DATA),
            by_model=sums.get(change_forecasting.ChangeKind.MODEL),
            by_time=sums.get(change_forecasting.ChangeKind.TIME),
            parts=[
                RiskChangePart(
                    feature=part.feature,
                    label=part.label,
                    kind=ChangeKind(part.kind.value),
                    before=text(part.before),
                    after=text(part.after),
                    contribution=part.contribution,
                )
                for part in change.parts
            ],
            unexplained=change.unexplained,
        )

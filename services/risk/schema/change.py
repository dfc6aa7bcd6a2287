"""What moved a score between two moments."""

from enum import Enum

import strawberry

from services.risk import domain
from services.risk.schema.score import Risk, text


@strawberry.enum(description="Why a part of a score moved.")
class ChangeKind(Enum):
    DATA = strawberry.enum_value("DATA", description="The input has another value.")
    TIME = strawberry.enum_value(
        "TIME", description="Only time passed: the renewal came nearer, the account older."
    )
    MODEL = strawberry.enum_value("MODEL", description="Another model reads the same input.")


@strawberry.type(description="One part of a score's change: an association, not a cause.")
class RiskChangePart:
    feature: str | None = strawberry.field(
        description="The input; null for the reference account, against which drivers are counted."
    )
    label: str = strawberry.field(description="The input in words.")
    kind: ChangeKind = strawberry.field(description="Why this part moved.")
    before: str | None = strawberry.field(description="The value before; null when unknown.")
    after: str | None = strawberry.field(description="The value after; null when unknown.")
    contribution: float = strawberry.field(
        description="Its part of the change, −1 to 1. Above 0 goes with renewal."
    )


@strawberry.type(
    description="What moved the score served between two moments. The parts add up to the change;"
    " they are associations, not causes."
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
        " where one"
        " of the two is missing."
    )
    comparable: bool = strawberry.field(
        description="False where the two speak of different renewal dates, or one is missing."
    )
    parts: list[RiskChangePart] = strawberry.field(description="The largest first.")

    @classmethod
    def of(cls, change: domain.RiskChange) -> "RiskChange":
        return cls(
            start=Risk.of(change.start) if change.start else None,
            end=Risk.of(change.end) if change.end else None,
            change=change.change,
            comparable=change.comparable,
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
        )

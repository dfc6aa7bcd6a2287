"""Beside a score: its drivers in groups, what other inputs would have given, and its replay."""

from enum import Enum

import strawberry

from services.risk.forecasting import replay, what_if
from services.risk.schema.values import Probability, text


@strawberry.type(description="What one group of inputs adds: an association, not a cause.")
class DriverGroup:
    label: str = strawberry.field(description="What they speak of, e.g. Use of the product.")
    contribution: float = strawberry.field(
        description="The sum of its drivers' contributions, −1 to 1. Above 0 goes with renewal."
    )
    features: list[str] = strawberry.field(description="Its inputs, the largest part first.")


@strawberry.input(description="An input as it might be.")
class FeatureChange:
    feature: str = strawberry.field(description="Name of an input of the model.")
    value: str | None = strawberry.field(
        default=None, description="Its value as text: 12, true, monthly; null: unknown."
    )


@strawberry.type(description="An input that was changed to see what the model would say.")
class ChangedInput:
    feature: str = strawberry.field(description="Name of the input, with its unit.")
    label: str = strawberry.field(description="The input in words.")
    before: str | None = strawberry.field(description="As it was served; null when unknown.")
    after: str | None = strawberry.field(description="As it was asked; null when unknown.")
    warning: str | None = strawberry.field(
        description="How the value lies outside what training saw; null when it does not."
    )


@strawberry.type(
    description="What the model says with other inputs: an association, not the effect of a deed."
)
class WhatIf:
    caution: str = strawberry.field(description="To be shown beside the numbers.")
    before: Probability = strawberry.field(
        description="As served: renewal, or, where that is null, staying for explainedDays."
    )
    after: Probability = strawberry.field(description="The same with the inputs changed.")
    change: float = strawberry.field(description="After less before, −1 to 1.")
    changed: list[ChangedInput] = strawberry.field(
        description="What was changed; inputs that already had the value are left out."
    )

    @classmethod
    def of(cls, found: what_if.WhatIf) -> "WhatIf":
        return cls(
            caution=what_if.CAUTION,
            before=Probability.of(found.before),
            after=Probability.of(found.after),
            change=found.after.value - found.before.value,
            changed=[
                ChangedInput(
                    feature=one.feature,
                    label=one.label,
                    before=text(one.before),
                    after=text(one.after),
                    warning=one.outside,
                )
                for one in found.changed
            ],
        )


@strawberry.enum(description="What making a score again showed.")
class ReplayVerdict(Enum):
    SAME = strawberry.enum_value("SAME", description="The same bytes.")
    DIFFERENT = strawberry.enum_value("DIFFERENT", description="Other bytes: see differing.")
    INPUTS_CHANGED = strawberry.enum_value(
        "INPUTS_CHANGED", description="The stored inputs do not match their hash."
    )
    MODEL_UNREADABLE = strawberry.enum_value(
        "MODEL_UNREADABLE", description="The stored model is missing, cut short or changed."
    )


@strawberry.type(description="A score made again from its stored inputs and its stored model.")
class Replay:
    verdict: ReplayVerdict = strawberry.field(description="Whether it came out the same.")
    served_hash: str = strawberry.field(description="SHA-256 of the score served, hexadecimal.")
    again_hash: str | None = strawberry.field(
        description="SHA-256 of the score made again; null where it could not be."
    )
    differing: list[str] = strawberry.field(description="Fields that came out otherwise.")

    @classmethod
    def of(cls, found: replay.Replay) -> "Replay":
        return cls(
            verdict=ReplayVerdict(found.verdict.value),
            served_hash=found.served_hash,
            again_hash=found.again_hash,
            differing=found.differing,
        )

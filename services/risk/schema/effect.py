"""What a model says of its signals: hazard ratios and partial effects."""

import strawberry

from ml.scoring import signal_groups
from ml.scoring.effects import EffectCurve as Curve
from ml.scoring.effects import Ratio
from services.risk.domain import chance as chance_domain
from services.risk.schema.cause import ForecastBasis
from services.risk.schema.values import text


@strawberry.type(
    description="How many times as fast accounts are lost with one value of an input as with"
    " another, all else equal. An association, not a cause."
)
class HazardRatio:
    feature: str = strawberry.field(description="Name of the input, with its unit.")
    part: ForecastBasis = strawberry.field(description="The part of the model that says so.")
    label: str = strawberry.field(description="The input in words.")
    group: str = strawberry.field(description="What it speaks of, e.g. Use of the product.")
    cause: str = strawberry.field(description="The kind of loss: churn, voluntary, involuntary.")
    start: str | None = strawberry.field(
        name="from", description="The value compared with: a low one, or the most common."
    )
    end: str | None = strawberry.field(name="to", description="The value compared.")
    value: float = strawberry.field(description="The ratio; above 1 goes with more losses.")
    low: float = strawberry.field(description="Lower end of its 90 % interval.")
    high: float = strawberry.field(description="Upper end of its 90 % interval.")
    certain: bool = strawberry.field(description="Whether the interval leaves out 1.")

    @classmethod
    def of(cls, one: Ratio, part: chance_domain.ForecastBasis) -> "HazardRatio":
        return cls(
            feature=one.feature,
            part=ForecastBasis(part.value),
            label=one.label,
            group=signal_groups.words(signal_groups.group_of(one.feature)),
            cause=one.cause,
            start=text(one.start),
            end=text(one.end),
            value=one.ratio,
            low=one.low,
            high=one.high,
            certain=one.certain,
        )


@strawberry.type(description="A place on a partial-effect curve.")
class EffectPoint:
    value: str | None = strawberry.field(description="The input's value.")
    ratio: float = strawberry.field(description="Hazard over that at the reference value.")
    low: float = strawberry.field(description="Lower end of its 90 % interval.")
    high: float = strawberry.field(description="Upper end of its 90 % interval.")


@strawberry.type(
    description="How the hazard of a cause goes with one input, every other at its mean. An"
    " association, not a cause."
)
class EffectCurve:
    feature: str = strawberry.field(description="Name of the input, with its unit.")
    part: ForecastBasis = strawberry.field(description="The part of the model that says so.")
    label: str = strawberry.field(description="The input in words.")
    cause: str = strawberry.field(description="The kind of loss.")
    reference: str | None = strawberry.field(description="The value at which the ratio is 1.")
    points: list[EffectPoint] = strawberry.field(description="Along the input, lowest first.")

    @classmethod
    def of(cls, curve: Curve, part: chance_domain.ForecastBasis) -> "EffectCurve":
        return cls(
            feature=curve.feature,
            part=ForecastBasis(part.value),
            label=curve.label,
            cause=curve.cause,
            reference=text(curve.reference),
            points=[
                EffectPoint(value=text(p.value), ratio=p.ratio, low=p.low, high=p.high)
                for p in curve.points
            ],
        )

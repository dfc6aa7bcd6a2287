"""What a model says of its signals: hazard ratios and partial effects."""

from ml.scoring import effects as effects_scoring
from services.risk.domain.chance import ForecastBasis
from services.risk.forecasting import effects as effects_forecasting
from services.risk.schema.values import group_label, text
from shared.graphql.showing import Shown, shown


class HazardRatio(
    Shown[effects_forecasting.PartRatio],
    description="How many times as fast accounts are lost with one value of an input as with"
    " another, all else equal. This is an association, not a cause.",
):
    feature: str = shown("Name of the input, with its unit.", of="ratio.feature")
    part: ForecastBasis = shown("The part of the model that says so.")
    label: str = shown("The input in words.", of="ratio.label")
    group: str = shown(
        "What it speaks of, e.g. Use of the product.", of="ratio.feature", by=group_label
    )
    cause: str = shown("The kind of loss: churn, voluntary or involuntary.", of="ratio.cause")
    start: str | None = shown(
        "The value to compare with: a low one, or the most common.",
        of="ratio.start",
        by=text,
        name="from",
    )
    end: str | None = shown("The value that is compared.", of="ratio.end", by=text, name="to")
    value: float = shown("The ratio; above 1 goes with more losses.", of="ratio.ratio")
    low: float = shown("Lower end of the ratio's 90 % interval.", of="ratio.low")
    high: float = shown("Upper end of the ratio's 90 % interval.", of="ratio.high")
    certain: bool = shown("Whether the interval leaves out 1.", of="ratio.certain")


class EffectPoint(
    Shown[effects_scoring.EffectPoint], description="A point of a partial-effect curve."
):
    value: str | None = shown("The input's value.", of="value", by=text)
    ratio: float = shown("The hazard divided by that at the reference value.")
    low: float = shown("Lower end of the ratio's 90 % interval.")
    high: float = shown("Upper end of the ratio's 90 % interval.")


class EffectCurve(
    Shown[effects_forecasting.PartCurve],
    description="How the hazard of a cause goes with one input while every other is at its mean."
    " This is an association, not a cause.",
):
    feature: str = shown("Name of the input, with its unit.", of="curve.feature")
    part: ForecastBasis = shown("The part of the model that says so.")
    label: str = shown("The input in words.", of="curve.label")
    cause: str = shown("The kind of loss: churn, voluntary or involuntary.", of="curve.cause")
    reference: str | None = shown(
        "The value at which the ratio is 1.", of="curve.reference", by=text
    )
    points: list[EffectPoint] = shown("Its points; the lowest comes first.", of="curve.points")

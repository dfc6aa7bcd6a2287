"""What stands beside a score: groups of drivers, what other inputs would change, and a replay."""

import strawberry

from ml.scoring import signal_groups
from services.risk.domain import scores as scores_domain
from services.risk.forecasting import replay as replay_forecasting
from services.risk.forecasting import what_if as what_if_forecasting
from services.risk.forecasting.replay import Verdict
from services.risk.schema.values import Probability, text
from shared.graphql.enums import shown_enum
from shared.graphql.showing import Shown, shown

shown_enum(
    Verdict,
    "What became of a score that was made again.",
    as_type="ReplayVerdict",
    SAME="It is the same, byte for byte.",
    DIFFERENT="It is another: see differing.",
    INPUTS_CHANGED="The stored inputs do not match their hash.",
    MODEL_UNREADABLE="The stored model is missing, cut short or changed.",
)


@strawberry.type(description="What one group of inputs adds: an association, not a cause.")
class DriverGroup:
    label: str = strawberry.field(description="What the inputs speak of, e.g. Use of the product.")
    contribution: float = strawberry.field(
        description="The sum of its drivers' contributions, −1 to 1. Above 0 goes with renewal."
    )
    features: list[str] = strawberry.field(description="Its inputs; the largest part comes first.")


def driver_groups(score: scores_domain.RiskScore) -> list[DriverGroup]:
    drivers = score.drivers
    sums = signal_groups.summed((driver.feature, driver.contribution) for driver in drivers)
    return [
        DriverGroup(
            label=signal_groups.words(group),
            contribution=part,
            features=[d.feature for d in drivers if signal_groups.group_of(d.feature) == group],
        )
        for group, part in sums.items()
    ]


@strawberry.input(description="An input with another value.")
class FeatureChange:
    feature: str = strawberry.field(description="Name of an input of the model.")
    value: str | None = strawberry.field(
        default=None, description="Its value as text, e.g. 12, true or monthly; null is unknown."
    )


class ChangedInput(
    Shown[what_if_forecasting.ChangedInput],
    description="An input that was changed to see what the model would say.",
):
    feature: str = shown("Name of the input, with its unit.")
    label: str = shown("The input in words.")
    before: str | None = shown("The value that was served; null is unknown.", of="before", by=text)
    after: str | None = shown("The value that was asked for; null is unknown.", of="after", by=text)
    warning: str | None = shown(
        "How the value lies outside what training saw; null when it does not.", of="outside"
    )


def _caution(_: what_if_forecasting.WhatIf) -> str:
    return what_if_forecasting.CAUTION


def _change(answer: what_if_forecasting.WhatIf) -> float:
    return answer.after.value - answer.before.value


class WhatIf(
    Shown[what_if_forecasting.WhatIf],
    description="What the model says with other inputs: an association, no effect of an action.",
):
    caution: str = shown("A caution to show beside the numbers.", by=_caution)
    before: Probability = shown(
        "The chance as it was served: of renewal or, where that is null, of staying explainedDays."
    )
    after: Probability = shown("The same chance with the inputs changed.")
    change: float = shown("The chance after minus the chance before, −1 to 1.", by=_change)
    changed: list[ChangedInput] = shown(
        "The inputs that were changed; those that already had the value are left out."
    )


class Replay(
    Shown[replay_forecasting.Replay],
    description="A score made again from its stored inputs and its stored model.",
):
    verdict: Verdict = shown("Whether it came out the same.")
    served_hash: str = shown("SHA-256 of the score served, hexadecimal.")
    again_hash: str | None = shown("SHA-256 of the score made again; null without one.")
    differing: list[str] = shown("The fields that differ.")

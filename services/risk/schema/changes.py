"""What changed a score between two moments."""

from collections.abc import Callable

from services.risk.forecasting import change as change_forecasting
from services.risk.forecasting.change import ChangeKind
from services.risk.schema.scores import Risk
from services.risk.schema.values import text
from shared.graphql.enums import shown_enum
from shared.graphql.showing import Shown, shown

shown_enum(
    ChangeKind,
    "Why a part of a score changed.",
    DATA="An input has another value than before.",
    TIME="Only time has passed: the renewal is nearer and the account is older.",
    MODEL="Another model reads the same inputs.",
)


class RiskChangePart(
    Shown[change_forecasting.ChangePart],
    description="One part of a score's change: an association, not a cause.",
):
    feature: str | None = shown(
        "The name of the input. Null for the renewal clock, for another model, and for the end of"
        " the first 90 days, which have a part of the model of their own."
    )
    label: str = shown("The input in words.")
    kind: ChangeKind = shown("Why this part changed.")
    before: str | None = shown(
        "The value before: that of the input, the renewal date, or the version of the model. Null"
        " when it is unknown.",
        of="before",
        by=text,
    )
    after: str | None = shown("The value after; null when it is unknown.", of="after", by=text)
    contribution: float = shown("Its part of the change, −1 to 1. Above 0 goes with renewal.")


def _sum_of(kind: ChangeKind) -> Callable[[dict[ChangeKind, float]], float | None]:
    def read(sums: dict[ChangeKind, float]) -> float | None:
        return sums.get(kind)

    return read


class RiskChange(
    Shown[change_forecasting.RiskChange],
    description="What changed the score between two moments. The parts add up to the change, and so"
    " do data, model and time: each is what it adds, averaged over the orders in which the three"
    " can change. They are associations, not causes.",
):
    start: Risk | None = shown("The score that was served at the first moment.", name="from")
    end: Risk | None = shown("The score that was served at the second moment.", name="to")
    change: float | None = shown(
        "The second explainedProbability minus the first, −1 to 1. Above 0 is better. Null where a"
        " score is missing."
    )
    comparable: bool = shown(
        "False where the two speak of different renewal dates, or where one is missing."
    )
    by_data: float | None = shown(
        "What other inputs changed, −1 to 1. Null where that cannot be told: see unexplained.",
        of="by_kind",
        by=_sum_of(ChangeKind.DATA),
        name="data",
    )
    by_model: float | None = shown(
        "What another model changed, −1 to 1. Null where that cannot be told.",
        of="by_kind",
        by=_sum_of(ChangeKind.MODEL),
        name="model",
    )
    by_time: float | None = shown(
        "What time alone changed, −1 to 1. Null where that cannot be told.",
        of="by_kind",
        by=_sum_of(ChangeKind.TIME),
        name="time",
    )
    parts: list[RiskChangePart] = shown("The parts; the largest comes first.")
    unexplained: str | None = shown(
        "Why there are no parts: a score is missing, a model cannot be read, or inputs do not"
        " match their hash. Null when all is explained."
    )

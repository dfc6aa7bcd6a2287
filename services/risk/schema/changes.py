"""What moved a score between two moments."""

from collections.abc import Callable

from services.risk.forecasting import change as change_forecasting
from services.risk.forecasting.change import ChangeKind
from services.risk.schema.scores import Risk
from services.risk.schema.values import text
from shared.graphql.enums import shown_enum
from shared.graphql.showing import Shown, shown

shown_enum(
    ChangeKind,
    "Why a part of a score moved.",
    DATA="An input has another value.",
    TIME="Only time passed: the renewal came nearer, the account older.",
    MODEL="Another model reads the same inputs.",
)


class RiskChangePart(
    Shown[change_forecasting.ChangePart],
    description="One part of a score's change: an association, not a cause.",
):
    feature: str | None = shown(
        "The input; null for the renewal clock, for leaving the first 90 days, in which another"
        " part of the model speaks, and for another model."
    )
    label: str = shown("The input in words.")
    kind: ChangeKind = shown("Why this part moved.")
    before: str | None = shown(
        "The value before: the input's, the renewal date, or the model's version. Null when"
        " unknown.",
        of="before",
        by=text,
    )
    after: str | None = shown("The value after, likewise.", of="after", by=text)
    contribution: float = shown("Its part of the change, −1 to 1. Above 0 goes with renewal.")


def _sum_of(kind: ChangeKind) -> Callable[[dict[ChangeKind, float]], float | None]:
    def read(sums: dict[ChangeKind, float]) -> float | None:
        return sums.get(kind)

    return read


class RiskChange(
    Shown[change_forecasting.RiskChange],
    description="What moved the score served between two moments. The parts add up to the change,"
    " and so do data, model and time: each is what it adds, averaged over the orders in which"
    " the three can change. They are associations, not causes.",
):
    start: Risk | None = shown("What was served at the first moment.", name="from")
    end: Risk | None = shown("What was served at the second moment.", name="to")
    change: float | None = shown(
        "explainedProbability after less before, −1 to 1. Above 0 is better. Null where one of the"
        " two is missing."
    )
    comparable: bool = shown(
        "False where the two speak of different renewal dates, or one is missing."
    )
    by_data: float | None = shown(
        "What other inputs did, −1 to 1. Null where nobody can tell: see unexplained.",
        of="by_kind",
        by=_sum_of(ChangeKind.DATA),
        name="data",
    )
    by_model: float | None = shown(
        "What another model did, −1 to 1. Null likewise.",
        of="by_kind",
        by=_sum_of(ChangeKind.MODEL),
        name="model",
    )
    by_time: float | None = shown(
        "What time did by passing alone, −1 to 1. Null likewise.",
        of="by_kind",
        by=_sum_of(ChangeKind.TIME),
        name="time",
    )
    parts: list[RiskChangePart] = shown("The largest first.")
    unexplained: str | None = shown(
        "Why there are no parts: no score, a model that cannot be read, or inputs that do not"
        " match their hash. Null when all is explained."
    )

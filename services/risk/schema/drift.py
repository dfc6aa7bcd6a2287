"""What the daily watch shows of a model."""

from datetime import datetime

from services.risk.domain import drift as drift_domain
from shared.graphql.showing import Shown, shown


class FeatureDrift(
    Shown[drift_domain.FeatureDrift],
    description="How far one input has moved since the model was trained.",
):
    feature: str = shown("Name of the input, with its unit.")
    psi: float | None = shown(
        "Population stability index against the training data; 0: nothing moved, above"
        f" {drift_domain.PSI_MOVED}: moved. Null: nothing to compare."
    )
    by_chance: float = shown(
        "What so few accounts would show in one case of twenty if nothing had moved."
    )
    unknown_before: float = shown("Share not known in training, 0 to 1.")
    unknown_now: float = shown("Share not known now, 0 to 1.")
    moved: bool = shown("Whether it counts as moved.")


class HorizonDrift(
    Shown[drift_domain.HorizonDrift],
    description="Forecasts whose horizon has passed, against what came.",
):
    horizon_days: int = shown("How many days ahead they spoke.")
    forecasts: int = shown("How many, one an account.")
    observed: int = shown("Accounts lost within those days.")
    expected: float = shown("Sum of the chances of churn.")
    ratio: float | None = shown(
        "Observed over expected; 1 is right. Null where too few were expected."
    )
    low: float | None = shown("Lower end of its 95 % interval.")
    high: float | None = shown("Upper end of its 95 % interval.")
    off: bool = shown("Whether the interval leaves 1 out.")


class ModelDrift(Shown[drift_domain.Drift], description="What the daily watch saw of a model."):
    as_of: datetime = shown("When it looked.")
    accounts: int = shown("Accounts whose inputs it looked at.")
    features: list[FeatureDrift] = shown("Every input of the model.")
    score_psi: float | None = shown(
        "The same index of the chance of churn within 90 days, against the first scores of this"
        " model. Null while there are none."
    )
    calibration: list[HorizonDrift] = shown("By horizon, any model.")
    alarms: list[str] = shown(
        "What is out of bounds: FEATURE:name, SCORES, CALIBRATION:days. Normally empty."
    )

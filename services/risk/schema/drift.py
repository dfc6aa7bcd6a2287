"""What the daily check for drift shows of a model."""

from datetime import datetime

from services.risk.domain import drift as drift_domain
from shared.graphql.showing import Shown, shown


class FeatureDrift(
    Shown[drift_domain.FeatureDrift],
    description="How far one input has moved since the model was trained.",
):
    feature: str = shown("Name of the input, with its unit.")
    psi: float | None = shown(
        "Population stability index against the training data. At 0 nothing moved, above"
        f" {drift_domain.PSI_MOVED} it counts as moved. Null where there is nothing to compare."
    )
    by_chance: float = shown(
        "The index that so few accounts would show in one case of twenty if nothing had moved."
    )
    unknown_before: float = shown("Share of accounts without a value in training, 0 to 1.")
    unknown_now: float = shown("Share of accounts without a value now, 0 to 1.")
    moved: bool = shown("Whether the input counts as moved.")


class HorizonDrift(
    Shown[drift_domain.HorizonDrift],
    description="Forecasts whose horizon has passed, compared with what came.",
):
    horizon_days: int = shown("How many days ahead the forecasts looked.")
    forecasts: int = shown("How many forecasts there are, one for each account.")
    observed: int = shown("How many accounts were lost within those days.")
    expected: float = shown("The sum of the chances of churn.")
    ratio: float | None = shown(
        "Observed over expected losses; 1 is right. Null where too few were expected."
    )
    low: float | None = shown("Lower end of the ratio's 95 % interval.")
    high: float | None = shown("Upper end of the ratio's 95 % interval.")
    off: bool = shown("Whether the interval leaves 1 out.")


class ModelDrift(Shown[drift_domain.Drift], description="What a daily check for drift showed."):
    as_of: datetime = shown("When the check ran.")
    accounts: int = shown("How many accounts it looked at.")
    features: list[FeatureDrift] = shown("The drift of every input of the model.")
    score_psi: float | None = shown(
        "The same index for the chance of churn within 90 days, against the first scores of this"
        " model. Null while there are none."
    )
    calibration: list[HorizonDrift] = shown("Forecasts of any model against what came.")
    alarms: list[str] = shown(
        "What is out of bounds: FEATURE:name, SCORES or CALIBRATION:days. Normally empty."
    )

"""What the daily watch shows of a model."""

from dataclasses import asdict
from datetime import datetime

import strawberry

from services.risk.domain import drift as drift_domain


@strawberry.type(description="How far one input has moved since the model was trained.")
class FeatureDrift:
    feature: str = strawberry.field(description="Name of the input, with its unit.")
    psi: float | None = strawberry.field(
        description="Population stability index against the training data; 0: nothing moved,"
        f" above {drift_domain.PSI_MOVED}: moved. Null: nothing to compare."
    )
    by_chance: float = strawberry.field(
        description="What so few accounts would show in one case of twenty if nothing had moved."
    )
    unknown_before: float = strawberry.field(description="Share not known in training, 0 to 1.")
    unknown_now: float = strawberry.field(description="Share not known now, 0 to 1.")
    moved: bool = strawberry.field(description="Whether it counts as moved.")

    @classmethod
    def of(cls, one: drift_domain.FeatureDrift) -> "FeatureDrift":
        return cls(**asdict(one))


@strawberry.type(description="Forecasts whose horizon has passed, against what came.")
class HorizonDrift:
    horizon_days: int = strawberry.field(description="How many days ahead they spoke.")
    forecasts: int = strawberry.field(description="How many, one an account.")
    observed: int = strawberry.field(description="Accounts lost within those days.")
    expected: float = strawberry.field(description="Sum of the chances of churn.")
    ratio: float | None = strawberry.field(
        description="Observed over expected; 1 is right. Null where too few were expected."
    )
    low: float | None = strawberry.field(description="Lower end of its 95 % interval.")
    high: float | None = strawberry.field(description="Upper end of its 95 % interval.")
    off: bool = strawberry.field(description="Whether the interval leaves 1 out.")

    @classmethod
    def of(cls, one: drift_domain.HorizonDrift) -> "HorizonDrift":
        return cls(**asdict(one))


@strawberry.type(description="What the daily watch saw of a model.")
class ModelDrift:
    as_of: datetime = strawberry.field(description="When it looked.")
    accounts: int = strawberry.field(description="Accounts whose inputs it looked at.")
    features: list[FeatureDrift] = strawberry.field(description="Every input of the model.")
    score_psi: float | None = strawberry.field(
        description="The same index of the chance of churn within 90 days, against the first"
        " scores of this model. Null while there are none."
    )
    calibration: list[HorizonDrift] = strawberry.field(description="By horizon, any model.")
    alarms: list[str] = strawberry.field(
        description="What is out of bounds: FEATURE:name, SCORES, CALIBRATION:days. Normally empty."
    )

    @classmethod
    def of(cls, drift: drift_domain.Drift) -> "ModelDrift":
        return cls(
            as_of=drift.as_of,
            accounts=drift.accounts,
            features=[FeatureDrift.of(one) for one in drift.features],
            score_psi=drift.score_psi,
            calibration=[HorizonDrift.of(one) for one in drift.calibration],
            alarms=drift.alarms,
        )

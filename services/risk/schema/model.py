"""What a published model shows of itself."""

from dataclasses import asdict
from datetime import date, datetime

import strawberry
from strawberry.types import Info

from services.risk import domain
from services.risk.domain import drift as drifting
from services.risk.store import drift as kept
from shared.graphql import Context, Node, global_id


@strawberry.type(description="A held-out figure of a model.")
class ModelMetric:
    name: str = strawberry.field(description="Name of the figure, e.g. concordance.")
    value: float = strawberry.field(description="Its value, in the unit its name says.")


def to_metrics(figures: dict[str, float]) -> list[ModelMetric]:
    """Figures by name, in order."""
    return [ModelMetric(name=name, value=value) for name, value in sorted(figures.items())]


@strawberry.type(description="How far one input has moved since the model was trained.")
class FeatureDrift:
    feature: str = strawberry.field(description="Name of the input, with its unit.")
    psi: float | None = strawberry.field(
        description="Population stability index against the training data; 0: nothing moved,"
        f" above {drifting.PSI_MOVED}: moved. Null: nothing to compare."
    )
    by_chance: float = strawberry.field(
        description="What so few accounts would show in one case of twenty if nothing had moved."
    )
    unknown_before: float = strawberry.field(description="Share not known in training, 0 to 1.")
    unknown_now: float = strawberry.field(description="Share not known now, 0 to 1.")
    moved: bool = strawberry.field(description="Whether it counts as moved.")

    @classmethod
    def of(cls, one: drifting.FeatureDrift) -> "FeatureDrift":
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
    def of(cls, one: drifting.HorizonDrift) -> "HorizonDrift":
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
    def of(cls, drift: drifting.Drift) -> "ModelDrift":
        return cls(
            as_of=drift.as_of,
            accounts=drift.accounts,
            features=[FeatureDrift.of(one) for one in drift.features],
            score_psi=drift.score_psi,
            calibration=[HorizonDrift.of(one) for one in drift.calibration],
            alarms=drift.alarms,
        )


@strawberry.type(description="A published forecast model.")
class ModelVersion(Node):
    version: str = strawberry.field(description="Derived from the document: same bytes, same name.")
    aliases: list[str] = strawberry.field(
        description="Roles it holds now: champion scores, challenger is compared."
    )
    trained_at: datetime = strawberry.field(description="When it was fitted.")
    published_at: datetime = strawberry.field(description="When it was handed over for scoring.")
    data_from: date = strawberry.field(description="First day of the data it learned from.")
    data_to: date = strawberry.field(description="Last day of the data it learned from.")
    accounts: int = strawberry.field(description="Accounts it learned from.")
    events: int = strawberry.field(description="Those of them that churned.")
    metrics: list[ModelMetric] = strawberry.field(description="Held-out figures, by name.")
    features: list[str] = strawberry.field(description="Inputs it reads.")
    checksum: str = strawberry.field(description="SHA-256 of the document, hexadecimal.")

    @strawberry.field(
        description="How far its inputs have moved; empty before the first watch, which is daily."
    )
    async def feature_drift(self, info: Info[Context, None]) -> list[FeatureDrift] | None:
        seen = await info.context.load(kept.newest, self.version)
        return [FeatureDrift.of(one) for one in seen.features] if seen else []

    @strawberry.field(description="What the daily watch saw last; null before the first.")
    async def drift(self, info: Info[Context, None]) -> ModelDrift | None:
        seen = await info.context.load(kept.newest, self.version)
        return ModelDrift.of(seen) if seen else None

    @classmethod
    def of(cls, model: domain.ModelVersion) -> "ModelVersion":
        return cls(
            id=global_id("ModelVersion", model.model_id),
            version=model.version,
            aliases=model.aliases,
            trained_at=model.trained_at,
            published_at=model.published_at,
            data_from=model.data_from,
            data_to=model.data_to,
            accounts=model.accounts,
            events=model.events,
            metrics=to_metrics(model.metrics),
            features=model.features,
            checksum=model.checksum,
        )

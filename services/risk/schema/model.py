"""What a published model shows of itself."""

from datetime import date, datetime
from typing import Annotated

import strawberry
from strawberry.types import Info

from services.risk.domain import models as models_domain
from services.risk.forecasting import effects
from services.risk.schema.cause import ForecastBasis
from services.risk.schema.drift import FeatureDrift, ModelDrift
from services.risk.schema.effect import EffectCurve, HazardRatio
from services.risk.schema.evidence import (
    MONTH_OF,
    BacktestWindow,
    CalibrationBin,
    HorizonCalibration,
)
from services.risk.schema.values import ModelMetric, to_metrics
from services.risk.store import drift as drift_store
from services.risk.store import report as report_store
from shared.graphql.old import Context, Node, global_id
from shared.vocabulary.errors import InvalidInput
from shared.vocabulary.evidence import Evidence

Part = Annotated[
    ForecastBasis | None,
    strawberry.argument(description="Only this part of the model; none: all parts."),
]


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
        seen = await info.context.load(drift_store.newest, self.version)
        return [FeatureDrift.of(one) for one in seen.features] if seen else []

    @strawberry.field(description="What the daily watch saw last; null before the first.")
    async def drift(self, info: Info[Context, None]) -> ModelDrift | None:
        seen = await info.context.load(drift_store.newest, self.version)
        return ModelDrift.of(seen) if seen else None

    @strawberry.field(
        description="How the hazard goes with each input, those farthest from 1 first; after those"
        " of the model those of its part for newcomers, where it has one. Null where the model"
        " cannot be read. Associations, not causes."
    )
    async def hazard_ratios(
        self, info: Info[Context, None], part: Part = None
    ) -> list[HazardRatio] | None:
        found = await self._effects(info, part)
        if found is None:
            return None
        return [HazardRatio.of(one, each.part) for each in found for one in each.ratios]

    async def _effects(
        self, info: Info[Context, None], part: ForecastBasis | None
    ) -> list[effects.Effects] | None:
        found = await info.context.load(effects.model_effects, self.version)
        if found is None or part is None:
            return found
        return [each for each in found if each.part.value == part.value]

    @strawberry.field(
        description="Where the gateway serves its report, one page of HTML without links, to who"
        " may read: a path on the same host. Null where none was made."
    )
    async def report_url(self, info: Info[Context, None]) -> str | None:
        found = await info.context.load(report_store.cards, self.version)
        return f"/v1/models/{self.version}/report" if found else None

    @strawberry.field(
        description="The model card, in Markdown: for what, how well, what not. Null without one."
    )
    async def card(self, info: Info[Context, None]) -> str | None:
        found = await info.context.load(report_store.cards, self.version)
        return found.card if found else None

    @strawberry.field(
        description="Tenths of the accounts held out, by forecast, lowest first: what was said and"
        " what came. Null where the version kept no figures, empty where nobody was followed so"
        " far."
    )
    async def calibration(
        self,
        info: Info[Context, None],
        horizon_days: Annotated[
            int,
            strawberry.argument(description=f"One of {', '.join(map(str, MONTH_OF))} days ahead."),
        ] = 90,
    ) -> list[CalibrationBin] | None:
        if horizon_days not in MONTH_OF:
            raise InvalidInput("horizonDays", horizon_days, ", ".join(map(str, MONTH_OF)))
        seen = await self._evidence(info)
        if seen is None:
            return None
        at = MONTH_OF[horizon_days]
        return [
            CalibrationBin.of(b) for one in seen.calibration if one.month == at for b in one.bins
        ]

    @strawberry.field(
        description="The same by horizon and by part of the accounts. Null where the version kept"
        " no figures."
    )
    async def calibration_report(
        self, info: Info[Context, None]
    ) -> list[HorizonCalibration] | None:
        seen = await self._evidence(info)
        if seen is None:
            return None
        return [HorizonCalibration.of(one, seen.segments) for one in seen.calibration]

    @strawberry.field(
        description="Its recipe at days that have passed, oldest first. Null where the version kept"
        " no figures, empty where the history is too short to go back."
    )
    async def backtest(self, info: Info[Context, None]) -> list[BacktestWindow] | None:
        seen = await self._evidence(info)
        return [BacktestWindow.of(one) for one in seen.rolling] if seen else None

    async def _evidence(self, info: Info[Context, None]) -> Evidence | None:
        found = await info.context.load(report_store.cards, self.version)
        return found.evidence if found else None

    @strawberry.field(description="Its known limits, a sentence each; null without a report.")
    async def known_limits(self, info: Info[Context, None]) -> list[str] | None:
        found = await info.context.load(report_store.cards, self.version)
        return found.limits if found else None

    @strawberry.field(
        description="Partial effects: the hazard along each input, every other at its mean. Null"
        " where the model cannot be read. Associations, not causes."
    )
    async def effect_curves(
        self,
        info: Info[Context, None],
        features: Annotated[
            list[str] | None, strawberry.argument(description="Only these inputs; none: all.")
        ] = None,
        part: Part = None,
    ) -> list[EffectCurve] | None:
        found = await self._effects(info, part)
        if found is None:
            return None
        known = {curve.feature for each in found for curve in each.curves}
        unknown = set(features or ()) - known
        if unknown:
            raise InvalidInput("features", min(unknown), ", ".join(sorted(known)))
        return [
            EffectCurve.of(curve, each.part)
            for each in found
            for curve in each.curves
            if features is None or curve.feature in features
        ]

    @classmethod
    def of(cls, model: models_domain.ModelVersion) -> "ModelVersion":
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

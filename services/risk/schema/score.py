"""What a score shows: chances with intervals, curve, drivers, and the model behind it."""

from datetime import date, datetime
from enum import Enum
from typing import Annotated

import strawberry
from strawberry.types import Info

from ml.scoring import signal_groups
from services.risk.domain import scores as scores_domain
from services.risk.domain.bands import BANDS
from services.risk.forecasting import replay, what_if
from services.risk.schema.cause import (
    CauseProbability,
    ChurnCause,
    EvidenceGrade,
    ForecastBasis,
)
from services.risk.schema.explanation import DriverGroup, FeatureChange, Replay, WhatIf
from services.risk.schema.model import ModelVersion
from services.risk.schema.values import Probability, text
from services.risk.store import models as models_store
from services.risk.store import scores as scores_store
from shared.graphql.old import Context, Money, Node, global_id
from shared.vocabulary.errors import InvalidInput, NotFound

DAYS_MOST = scores_store.HORIZON_MOST_DAYS
POINTS_MOST = 400
DRIVERS_MOST = 100


@strawberry.enum(
    description="How urgent an account is, by its chance of churn within 90 days"
    f" (rule {BANDS.version}): below {BANDS.elevated_from:g}, below {BANDS.high_from:g}, and"
    f" from there on."
)
class RiskBand(Enum):
    LOW = strawberry.enum_value("LOW", description="Below the first threshold.")
    ELEVATED = strawberry.enum_value("ELEVATED", description="Between the two thresholds.")
    HIGH = strawberry.enum_value("HIGH", description="At or above the second threshold.")


@strawberry.enum(description="Which way a driver goes together with the probability explained.")
class Direction(Enum):
    RAISES = strawberry.enum_value("RAISES", description="Higher than for the reference account.")
    LOWERS = strawberry.enum_value("LOWERS", description="Lower than for the reference account.")


@strawberry.enum(description="The service an input comes from.")
class ServiceName(Enum):
    ACCOUNTS = strawberry.enum_value("accounts", description="Accounts, contracts, support.")
    USAGE = strawberry.enum_value("usage", description="Use of the product.")
    BILLING = strawberry.enum_value("billing", description="Plans, invoices, payments.")
    LEARNING = strawberry.enum_value("learning", description="Courses and skills.")


@strawberry.type(description="A place on the survival curve.")
class SurvivalPoint:
    days: float = strawberry.field(description="Days after `asOf`.")
    survival: Probability = strawberry.field(
        description="Chance of still being a customer then. Higher is better."
    )


@strawberry.type(description="One input's part of the probability: an association, not a cause.")
class Driver:
    feature: str = strawberry.field(description="Name of the input, with its unit.")
    label: str = strawberry.field(description="The input in words.")
    value: str | None = strawberry.field(description="The account's value; null when unknown.")
    contribution: float = strawberry.field(
        description="Added to the reference account's probability, −1 to 1. Above 0 goes with"
        " renewal."
        " An association, not a cause."
    )
    direction: Direction = strawberry.field(description="The sign of the contribution.")
    group: str = strawberry.field(description="What it speaks of, e.g. Use of the product.")
    source: ServiceName = strawberry.field(description="Who told the value.")

    @classmethod
    def of(cls, driver: scores_domain.Driver) -> "Driver":
        return cls(
            feature=driver.feature,
            label=driver.label,
            value=text(driver.value),
            contribution=driver.contribution,
            direction=Direction.LOWERS if driver.contribution < 0 else Direction.RAISES,
            group=signal_groups.words(signal_groups.group_of(driver.feature)),
            source=ServiceName(driver.source),
        )


@strawberry.type(
    description="The forecast for an account, as it was served. Everything about drivers is"
    " association,"
    " not cause."
)
class Risk(Node):
    score: strawberry.Private[scores_domain.RiskScore]
    renewal_probability: Probability | None = strawberry.field(
        description="Chance that the open contract is renewed at its own renewal date. Higher is"
        " better."
        " Null where that date is unknown or lies beyond what the model can speak for: see"
        " horizonDays."
    )
    renewal_on: date | None = strawberry.field(
        description="The renewal date it speaks of; null without one."
    )
    horizon_days: int = strawberry.field(description="How many days ahead the model can speak.")
    band: RiskBand = strawberry.field(
        description="By the chance of churn within 90 days, or within horizonDays where that is"
        " less."
    )
    value_at_risk: Money | None = strawberry.field(
        description="MRR × (1 − renewal probability), a month (definition D1); where that is"
        " null, MRR"
        " × the chance of churn within explainedDays. Higher is worse. Null while no MRR is known."
    )
    explained_probability: float = strawberry.field(
        description="What the drivers explain, 0 to 1: renewalProbability, or, where that is"
        " null, the"
        " chance of staying for explainedDays. Higher is better."
    )
    explained_days: float = strawberry.field(description="Days from `asOf` to what is explained.")
    reference_probability: float = strawberry.field(
        description="The same chance for the reference account, 0 to 1; with all drivers'"
        " contributions it adds up to explainedProbability."
    )
    basis: ForecastBasis = strawberry.field(description="What it rests on.")
    evidence: EvidenceGrade = strawberry.field(description="How well founded it is.")
    as_of: datetime = strawberry.field(description="Only what was recorded before is known to it.")
    scored_at: datetime = strawberry.field(description="Since when it was served.")
    inputs_hash: str = strawberry.field(description="SHA-256 of the inputs, hexadecimal.")
    stale_inputs: list[str] = strawberry.field(
        description="Services that did not answer: what they told before was used. Normally empty."
    )
    unlike_training: list[str] = strawberry.field(
        description="Inputs unlike anything the model has seen: trust the forecast less."
    )

    @classmethod
    def of(cls, score: scores_domain.RiskScore) -> "Risk":
        return cls(
            id=global_id("Risk", score.score_id),
            score=score,
            renewal_probability=Probability.of(score.renewal) if score.renewal else None,
            renewal_on=score.renewal_on,
            horizon_days=score.horizon_days,
            band=RiskBand(score.band.value),
            value_at_risk=Money.of(score.value_at_risk) if score.value_at_risk else None,
            explained_probability=score.driven_probability,
            explained_days=score.driven_days,
            reference_probability=score.reference_probability,
            basis=ForecastBasis(score.basis.value),
            evidence=EvidenceGrade(score.evidence.value),
            as_of=score.as_of,
            scored_at=score.scored_at,
            inputs_hash=score.inputs_hash,
            stale_inputs=score.stale_inputs,
            unlike_training=score.unlike_training,
        )

    @strawberry.field(
        description="Chance of churn within so many days from `asOf`. Higher is worse."
        " Null beyond horizonDays."
    )
    def churn_probability(
        self,
        within_days: Annotated[
            int, strawberry.argument(description=f"Days from `asOf`, 1 to {DAYS_MOST}.")
        ],
    ) -> Probability | None:
        _within("withinDays", within_days, 1, DAYS_MOST)
        chance = self.score.churn_probability(within_days)
        return Probability.of(chance) if chance else None

    @strawberry.field(
        description="The causes' parts of the chance of churn within so many days from `asOf`;"
        " without days, by the renewal: with renewalProbability they add up to 1. Empty where no"
        " such chance is known: beyond horizonDays, and for scores made before causes were told"
        " apart."
    )
    def causes(
        self,
        within_days: Annotated[
            int | None,
            strawberry.argument(description=f"Days from `asOf`, 1 to {DAYS_MOST}; none: renewal."),
        ] = None,
    ) -> list[CauseProbability]:
        if within_days is not None:
            _within("withinDays", within_days, 1, DAYS_MOST)
        found = self.score.by_cause(within_days)
        return [
            CauseProbability(cause=ChurnCause(cause.value), probability=Probability.of(chance))
            for cause, chance in found.items()
        ]

    @strawberry.field(
        description="Chance of still being a customer at evenly spaced days, from 0 on. Ends at"
        " horizonDays where that is sooner."
    )
    def survival_curve(
        self,
        days: Annotated[
            int, strawberry.argument(description=f"Where it ends, 1 to {DAYS_MOST} days ahead.")
        ] = 365,
        points: Annotated[
            int, strawberry.argument(description=f"How many places, 2 to {POINTS_MOST}.")
        ] = 24,
    ) -> list[SurvivalPoint]:
        _within("days", days, 1, DAYS_MOST)
        _within("points", points, 2, POINTS_MOST)
        return [
            SurvivalPoint(days=point.days, survival=Probability.of(point.survival))
            for point in self.score.curve(days, points)
        ]

    @strawberry.field(
        description="Additive parts of explainedProbability against the reference account, the"
        " largest"
        " first. Associations, not causes."
    )
    def drivers(
        self,
        top: Annotated[
            int, strawberry.argument(description=f"How many at most, 1 to {DRIVERS_MOST}.")
        ] = 5,
    ) -> list[Driver]:
        _within("top", top, 1, DRIVERS_MOST)
        return [Driver.of(driver) for driver in self.score.drivers[:top]]

    @strawberry.field(
        description="The drivers added up by what they speak of, at most twelve groups, the largest"
        " first; with referenceProbability they too add up to explainedProbability. Associations,"
        " not causes."
    )
    def driver_groups(self) -> list[DriverGroup]:
        drivers = self.score.drivers
        sums = signal_groups.summed((driver.feature, driver.contribution) for driver in drivers)
        return [
            DriverGroup(
                label=signal_groups.words(group),
                contribution=part,
                features=[d.feature for d in drivers if signal_groups.group_of(d.feature) == group],
            )
            for group, part in sums.items()
        ]

    @strawberry.field(
        description="What the model that made this score says with some inputs changed: an"
        " association, not the effect of a deed."
    )
    async def what_if(
        self,
        info: Info[Context, None],
        changes: Annotated[
            list[FeatureChange],
            strawberry.argument(description="Inputs of the model; the rest stays."),
        ],
    ) -> WhatIf | None:
        asked = tuple(what_if.FeatureChange(change.feature, change.value) for change in changes)
        found = await info.context.load(what_if.imagined, self.score.score_id, changes=asked)
        return WhatIf.of(found) if found else None

    @strawberry.field(
        description="This score made again now, from its stored inputs and its stored model."
    )
    async def replay(self, info: Info[Context, None]) -> Replay | None:
        found = await info.context.load(replay.replayed_scores, self.score.score_id)
        return Replay.of(found) if found else None

    @strawberry.field(description="The model that made it.")
    async def model(self, info: Info[Context, None]) -> ModelVersion:
        found = await info.context.load(models_store.model_versions, self.score.model_version)
        if found is None:
            raise NotFound(f"there is no model '{self.score.model_version}'")
        return ModelVersion.of(found)


def _within(argument: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise InvalidInput(argument, value, f"{least} to {most}")

"""What a score shows: chances with intervals, curve, drivers, and the model that made it."""

from datetime import date, datetime
from enum import Enum
from typing import Annotated

import strawberry

from services.risk.domain import chance as chance_domain
from services.risk.domain import scores as scores_domain
from services.risk.domain.bands import BANDS
from services.risk.domain.bands import RiskBand as RiskBand
from services.risk.domain.chance import EvidenceGrade, ForecastBasis
from services.risk.forecasting import replay as replay_forecasting
from services.risk.forecasting import what_if as what_if_forecasting
from services.risk.schema.causes import CauseChance, CauseProbability
from services.risk.schema.explanations import (
    DriverGroup,
    FeatureChange,
    Replay,
    WhatIf,
    driver_groups,
)
from services.risk.schema.models import ModelVersion
from services.risk.schema.values import Probability, check_within, group_label, text
from services.risk.store import models as models_store
from services.risk.store import scores as scores_store
from shared.graphql.enums import shown_enum
from shared.graphql.fields import Arguments, answered, missing
from shared.graphql.objects import Node
from shared.graphql.showing import Shown, shown
from shared.graphql.values import Money

MAX_DAYS = scores_store.MAX_HORIZON_DAYS
MAX_POINTS = 400
MAX_DRIVERS = 100

shown_enum(
    RiskBand,
    f"How urgent an account is, by its chance of churn within 90 days (rule {BANDS.version}):"
    f" below {BANDS.elevated_from:g}, below {BANDS.high_from:g}, and from there on.",
    LOW="The chance is below the first threshold.",
    ELEVATED="The chance is between the two thresholds.",
    HIGH="The chance is at or above the second threshold.",
)


@strawberry.enum(description="Whether the probability is higher or lower with a driver.")
class Direction(Enum):
    RAISES = strawberry.enum_value("RAISES", description="Higher than for the reference account.")
    LOWERS = strawberry.enum_value("LOWERS", description="Lower than for the reference account.")


@strawberry.enum(description="The service that an input comes from.")
class ServiceName(Enum):
    ACCOUNTS = strawberry.enum_value("accounts", description="Accounts, contracts, support.")
    USAGE = strawberry.enum_value("usage", description="Use of the product.")
    BILLING = strawberry.enum_value("billing", description="Plans, invoices, payments.")
    LEARNING = strawberry.enum_value("learning", description="Courses and skills.")


class SurvivalPoint(
    Shown[scores_domain.SurvivalPoint], description="A point of the survival curve."
):
    days: float = shown("How many days after `asOf`.")
    survival: Probability = shown("The chance of still being a customer then. Higher is better.")


def _direction(contribution: float) -> Direction:
    return Direction.LOWERS if contribution < 0 else Direction.RAISES


def _service(source: str) -> ServiceName:
    return ServiceName(source)


class Driver(
    Shown[scores_domain.Driver],
    description="The part of one input in the probability: an association, not a cause.",
):
    feature: str = shown("Name of the input, with its unit.")
    label: str = shown("The input in words.")
    value: str | None = shown("The account's value; null when it is unknown.", of="value", by=text)
    contribution: float = shown(
        "What it adds to the probability of the reference account, −1 to 1. Above 0 goes with"
        " renewal. It is an association, not a cause."
    )
    direction: Direction = shown("The sign of the contribution.", of="contribution", by=_direction)
    group: str = shown("What it speaks of, e.g. Use of the product.", of="feature", by=group_label)
    source: ServiceName = shown("The service that the value comes from.", of="source", by=_service)


def _churn(
    score: scores_domain.RiskScore,
    within_days: Annotated[int, strawberry.argument(f"Days from `asOf`, 1 to {MAX_DAYS}.")],
) -> chance_domain.Probability | None:
    check_within("withinDays", within_days, 1, MAX_DAYS)
    return score.churn_probability(within_days)


def _causes(
    score: scores_domain.RiskScore,
    within_days: Annotated[
        int | None,
        strawberry.argument(f"Days from `asOf`, 1 to {MAX_DAYS}; until the renewal if omitted."),
    ] = None,
) -> list[CauseChance]:
    if within_days is not None:
        check_within("withinDays", within_days, 1, MAX_DAYS)
    return [CauseChance(*part) for part in score.by_cause(within_days).items()]


def _curve(
    score: scores_domain.RiskScore,
    days: Annotated[
        int, strawberry.argument(f"How many days the curve covers, 1 to {MAX_DAYS}.")
    ] = 365,
    points: Annotated[int, strawberry.argument(f"How many points, 2 to {MAX_POINTS}.")] = 24,
) -> list[scores_domain.SurvivalPoint]:
    check_within("days", days, 1, MAX_DAYS)
    check_within("points", points, 2, MAX_POINTS)
    return score.curve(days, points)


def _largest(
    drivers: list[scores_domain.Driver],
    top: Annotated[int, strawberry.argument(f"How many at most, 1 to {MAX_DRIVERS}.")] = 5,
) -> list[scores_domain.Driver]:
    check_within("top", top, 1, MAX_DRIVERS)
    return drivers[:top]


def _changes(
    changes: Annotated[
        list[FeatureChange],
        strawberry.argument("Inputs of the model with other values; the rest stays."),
    ],
) -> Arguments:
    kind = what_if_forecasting.FeatureChange
    return {"changes": tuple(kind(change.feature, change.value) for change in changes)}


class Risk(
    Shown[scores_domain.RiskScore],
    Node,
    description="The forecast for an account, as it was served. Everything about drivers is an"
    " association, not a cause.",
):
    id: strawberry.ID = shown("Opaque, the same for ever.", of="score_id")
    renewal_probability: Probability | None = shown(
        "The chance that the open contract is renewed at its renewal date. Higher is better. Null"
        " where that date is unknown or lies beyond what the model can forecast: see horizonDays.",
        of="renewal",
    )
    renewal_on: date | None = shown("The renewal date that it speaks of; null without one.")
    horizon_days: int = shown("How many days ahead the model can forecast.")
    band: RiskBand = shown(
        "Urgency by the chance of churn within 90 days, or within horizonDays if that is less."
    )
    value_at_risk: Money | None = shown(
        "MRR × (1 − renewalProbability), a month (definition D1); where that is null, MRR × the"
        " chance of churn within explainedDays. Higher is worse. Null while the MRR is unknown."
    )
    explained_probability: float = shown(
        "The chance that the drivers explain, 0 to 1: renewalProbability or, where that is null,"
        " the chance of staying for explainedDays. Higher is better.",
        of="driven_probability",
    )
    explained_days: float = shown("How many days after `asOf` that chance lies.", of="driven_days")
    reference_probability: float = shown(
        "The same chance for the reference account, 0 to 1; with all drivers' contributions it"
        " adds up to explainedProbability."
    )
    basis: ForecastBasis = shown("What the forecast rests on.")
    evidence: EvidenceGrade = shown("How well founded the forecast is.")
    as_of: datetime = shown("It knows only what was recorded before.")
    scored_at: datetime = shown("Since when it was served.")
    inputs_hash: str = shown("SHA-256 of the inputs, hexadecimal.")
    stale_inputs: list[str] = shown(
        "Services that did not answer, so that their last answer was used. Normally empty."
    )
    unlike_training: list[str] = shown(
        "Inputs unlike anything that the model has seen: trust the forecast less."
    )
    churn_probability: Probability | None = shown(
        "The chance of churn within so many days. Higher is worse. Null beyond horizonDays.",
        by=_churn,
    )
    causes: list[CauseProbability] = shown(
        "The parts of the causes in the chance of churn within so many days. Until the renewal they"
        " add up to 1 with renewalProbability. Empty beyond horizonDays, and for scores from before"
        " causes were known.",
        by=_causes,
    )
    survival_curve: list[SurvivalPoint] = shown(
        "The chance of still being a customer at evenly spaced days from 0 on. It ends at"
        " horizonDays where that is sooner.",
        by=_curve,
    )
    drivers: list[Driver] = shown(
        "What each input adds to the probability of the reference account to explain this one; the"
        " largest comes first. They are associations, not causes.",
        of="drivers",
        by=_largest,
    )
    driver_groups: list[DriverGroup] = shown(
        "The drivers added up by what they speak of, at most twelve groups; the largest is first."
        " With referenceProbability they add up to explainedProbability, too. They are"
        " associations, not causes.",
        by=driver_groups,
    )
    what_if: WhatIf | None = answered(
        what_if_forecasting.what_if,
        "What the model that made this score says with some inputs changed: an association, not"
        " the effect of an action.",
        key="score_id",
        takes=_changes,
        timeless="A score, its inputs and its model never change.",
    )
    replay: Replay | None = answered(
        replay_forecasting.score_replays,
        "This score made again now from its stored inputs and its stored model.",
        key="score_id",
        timeless="A score, its inputs and its model never change.",
    )
    model: ModelVersion = answered(
        models_store.model_versions,
        "The model that made it.",
        key="model_version",
        absent=missing("model"),
    )

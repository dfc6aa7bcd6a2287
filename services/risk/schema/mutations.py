"""What people add and ask for: expectations, releases, trainings, fresh scores."""

from typing import Annotated, Any

import strawberry

from services.risk.actions import hindsight as hindsight_actions
from services.risk.actions import models as models_actions
from services.risk.actions import release as release_actions
from services.risk.actions import scores as scores_actions
from services.risk.domain import hindsight as hindsight_domain
from services.risk.domain import models as models_domain
from services.risk.domain import release as release_domain
from services.risk.schema.hindsight import Expectation
from services.risk.schema.models import ModelVersion
from services.risk.schema.release import TrainingRun
from shared.graphql.context import Context
from shared.graphql.fields import Arguments, Request, called
from shared.graphql.payloads import Payload, UserError, attempt
from shared.graphql.reading import WHOLE
from shared.graphql.showing import shown
from shared.vocabulary.ids import account_key


@strawberry.input(description="What is expected of a renewal.")
class ExpectationRecordInput:
    account_id: strawberry.ID = strawberry.field(description="The account.")
    renewal_probability: float = strawberry.field(description="Chance of renewal, 0 to 1.")
    note: str | None = strawberry.field(default=None, description="Why; at most 2,000 letters.")


@strawberry.input(description="The model that is to score.")
class ModelPromoteInput:
    version: str = strawberry.field(description="The version of a published model.")
    reason: str | None = strawberry.field(default=None, description="Why; it stays in the history.")


@strawberry.input(description="Why the champion before the present one is to score again.")
class ModelRollbackInput:
    reason: str | None = strawberry.field(default=None, description="Why; it stays in the history.")


@strawberry.input(description="How the model is to be trained.")
class ModelTrainInput:
    every_days: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="Train every so many days from now on, 1 to 365; null means never. If it is"
        " omitted, the schedule stays.",
    )
    now: bool = strawberry.field(default=True, description="Whether to train as soon as possible.")


@strawberry.input(description="The accounts to score again.")
class RiskRescoreInput:
    account_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="The accounts; every account if omitted."
    )


class ExpectationPayload(
    Payload[hindsight_domain.Expectation], description="What became of an expectationRecord."
):
    expectation: Expectation | None = shown("The expectation as it is stored.", of=WHOLE)
    user_errors: list[UserError] = strawberry.field(description="Why it was not; else empty.")


class ModelPayload(
    Payload[models_domain.ModelVersion],
    description="What became of a modelPromote or modelRollback.",
):
    model: ModelVersion | None = shown("The champion as it is now.", of=WHOLE)
    user_errors: list[UserError] = strawberry.field(description="Why it was not; else empty.")


class TrainingRunPayload(
    Payload[release_domain.TrainingRun], description="What became of a modelTrain."
):
    run: TrainingRun | None = shown(
        "The training that waits or runs; null where none was asked for.", of=WHOLE
    )
    user_errors: list[UserError] = strawberry.field(description="Why there is none; else empty.")


def _count(accounts: int | None) -> int:
    return accounts or 0


class RiskRescorePayload(Payload[int], description="What became of a riskRescore."):
    accounts: int = shown(
        "How many accounts will be scored; scores that differ follow on riskUpdates.", by=_count
    )
    user_errors: list[UserError] = strawberry.field(description="Why none are; else empty.")


def _expectation(
    input: Annotated[
        ExpectationRecordInput, strawberry.argument("The account and what is expected.")
    ],
) -> Arguments:
    return {
        "account_id": account_key(input.account_id),
        "probability": input.renewal_probability,
        "note": input.note,
    }


def _promotion(
    input: Annotated[ModelPromoteInput, strawberry.argument("The model that is to score.")],
) -> Arguments:
    return {"version": input.version, "reason": input.reason}


def _rollback(
    input: Annotated[ModelRollbackInput, strawberry.argument("Why it is to score again.")],
) -> Arguments:
    return {"reason": input.reason}


async def _model_train(
    info: Request, input: Annotated[ModelTrainInput, strawberry.argument("When to train.")]
) -> Any:
    return await attempt(TrainingRunPayload, info.context, _train(info.context, input))


async def _train(context: Context, input: ModelTrainInput) -> release_domain.TrainingRun | None:
    if input.every_days is not strawberry.UNSET:
        await context.call(release_actions.set_schedule, every_days=input.every_days)
    return await context.call(release_actions.request_training) if input.now else None


def _accounts(
    input: Annotated[RiskRescoreInput, strawberry.argument("The accounts to score.")],
) -> Arguments:
    ids = input.account_ids
    return {"account_ids": ids and [account_key(key, "accountIds") for key in ids]}


@strawberry.type
class Mutation:
    model_promote: ModelPayload = called(
        models_actions.promote,
        "Let a published model score, and score every account again. Needs the scope ml.",
        takes=_promotion,
    )
    model_rollback: ModelPayload = called(
        release_actions.rollback,
        "Let the champion before the present one score again. Needs the scope ml.",
        takes=_rollback,
    )
    model_train: TrainingRunPayload = strawberry.mutation(
        resolver=_model_train,
        description="Have the worker train a model; it serves only if it passes the gate. Returns"
        " at once. Needs the scope ml.",
    )
    expectation_record: ExpectationPayload = called(
        hindsight_actions.expect,
        "Store one's own forecast of a renewal beside the model's. Needs the scope act.",
        takes=_expectation,
    )
    risk_rescore: RiskRescorePayload = called(
        scores_actions.rescore,
        "Ask for fresh scores. Returns at once. Needs the scope act.",
        takes=_accounts,
    )

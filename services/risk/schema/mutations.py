"""What people add, and ask for: expectations, releases, trainings, fresh scores."""

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


@strawberry.input(description="Which model shall score.")
class ModelPromoteInput:
    version: str = strawberry.field(description="Version of a published model.")
    reason: str | None = strawberry.field(default=None, description="Why; kept in the history.")


@strawberry.input(description="Back to the champion before.")
class ModelRollbackInput:
    reason: str | None = strawberry.field(default=None, description="Why; kept in the history.")


@strawberry.input(description="How the model is to be trained.")
class ModelTrainInput:
    every_days: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="From now on train every so many days, 1 to 365; null: never by itself."
        " Left out: the schedule stays.",
    )
    now: bool = strawberry.field(default=True, description="Whether to train as soon as possible.")


@strawberry.input(description="Whose forecast to make anew.")
class RiskRescoreInput:
    account_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="The accounts; none: every account."
    )


class ExpectationPayload(
    Payload[hindsight_domain.Expectation], description="What became of an expectationRecord."
):
    expectation: Expectation | None = shown("What was kept.", of=WHOLE)
    user_errors: list[UserError] = strawberry.field(description="Why it was not; else empty.")


class ModelPayload(
    Payload[models_domain.ModelVersion],
    description="What became of a modelPromote or modelRollback.",
):
    model: ModelVersion | None = shown("The champion as it now stands.", of=WHOLE)
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
        "How many accounts are about to be scored; scores follow on riskUpdates where they differ.",
        by=_count,
    )
    user_errors: list[UserError] = strawberry.field(description="Why none are; else empty.")


def _expectation(
    input: Annotated[
        ExpectationRecordInput, strawberry.argument(description="Account and chance.")
    ],
) -> Arguments:
    return {
        "account_id": account_key(input.account_id),
        "probability": input.renewal_probability,
        "note": input.note,
    }


def _promotion(
    input: Annotated[ModelPromoteInput, strawberry.argument(description="Which model.")],
) -> Arguments:
    return {"version": input.version, "reason": input.reason}


def _rollback(
    input: Annotated[ModelRollbackInput, strawberry.argument(description="Why.")],
) -> Arguments:
    return {"reason": input.reason}


async def _model_train(
    info: Request,
    input: Annotated[ModelTrainInput, strawberry.argument(description="When.")],
) -> Any:
    return await attempt(TrainingRunPayload, info.context, _train(info.context, input))


async def _train(context: Context, input: ModelTrainInput) -> release_domain.TrainingRun | None:
    if input.every_days is not strawberry.UNSET:
        await context.call(release_actions.set_schedule, every_days=input.every_days)
    return await context.call(release_actions.request_training) if input.now else None


def _accounts(
    input: Annotated[RiskRescoreInput, strawberry.argument(description="Which accounts.")],
) -> Arguments:
    ids = input.account_ids
    return {"account_ids": ids and [account_key(key, "accountIds") for key in ids]}


@strawberry.type
class Mutation:
    model_promote: ModelPayload = called(
        models_actions.promote,
        "Let a published model score, and score everyone anew. Needs the scope ml.",
        takes=_promotion,
    )
    model_rollback: ModelPayload = called(
        release_actions.rollback,
        "Let the champion before the present one score again. Needs the scope ml.",
        takes=_rollback,
    )
    model_train: TrainingRunPayload = strawberry.mutation(
        resolver=_model_train,
        description="Have a model trained by the worker; it serves only if it passes the gate."
        " Returns at once; needs the scope ml.",
    )
    expectation_record: ExpectationPayload = called(
        hindsight_actions.expect,
        "Keep one's own forecast of a renewal beside the model's. Needs the scope act.",
        takes=_expectation,
    )
    risk_rescore: RiskRescorePayload = called(
        scores_actions.rescore,
        "Ask for fresh scores. Returns at once; needs the scope act.",
        takes=_accounts,
    )

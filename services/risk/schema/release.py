"""What risk shows of releases: trainings, the gate's comparison, who made which model serve."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry.types import Info

from services.risk.actions import models as models_actions
from services.risk.actions import release as release_actions
from services.risk.domain import release as release_domain
from services.risk.schema.model import ModelVersion
from services.risk.schema.values import ModelMetric as Metric
from services.risk.schema.values import to_metrics
from services.risk.store import models as models_store
from services.risk.store import release as release_store
from shared.graphql.old import (
    After,
    Connection,
    Context,
    First,
    Node,
    UserError,
    attempted,
    connection,
    global_id,
)
from shared.vocabulary import model_document as document

Request = Info[Context, None]


@strawberry.enum(description="What began a training.")
class TrainingCause(Enum):
    SCHEDULED = strawberry.enum_value("SCHEDULED", description="The tenant's schedule.")
    REQUESTED = strawberry.enum_value("REQUESTED", description="modelTrain.")
    COMMAND = strawberry.enum_value("COMMAND", description="The command `tenure train`.")


@strawberry.enum(description="How a training ended.")
class TrainingOutcome(Enum):
    PUBLISHED = strawberry.enum_value("PUBLISHED", description="Every rule holds: it serves.")
    FORCED = strawberry.enum_value(
        "FORCED", description="A rule does not hold, somebody let it serve all the same."
    )
    REFUSED = strawberry.enum_value(
        "REFUSED", description="A rule does not hold, or the data carry no model."
    )
    FAILED = strawberry.enum_value("FAILED", description="It broke off.")


@strawberry.enum(description="What moved a role from one model to another.")
class AliasDeed(Enum):
    PUBLISHED = strawberry.enum_value("PUBLISHED", description="A training passed the gate.")
    FORCED = strawberry.enum_value("FORCED", description="Somebody overruled the gate.")
    PROMOTED = strawberry.enum_value("PROMOTED", description="modelPromote.")
    ROLLED_BACK = strawberry.enum_value("ROLLED_BACK", description="modelRollback.")
    REFUSED = strawberry.enum_value("REFUSED", description="The gate kept it as challenger.")
    RELEASED = strawberry.enum_value("RELEASED", description="The challenger became champion.")


@strawberry.type(description="A condition for publication, with both models' values.")
class GateRule:
    name: str = strawberry.field(description="What is compared, e.g. oe_12m.")
    demands: str = strawberry.field(description="What is allowed, in words.")
    candidate: float | None = strawberry.field(description="The candidate's; null: not known.")
    champion: float | None = strawberry.field(
        description="The champion's on the same rows; null where there was none to compare with."
    )
    passed: bool = strawberry.field(description="Whether it holds.")

    @classmethod
    def of(cls, rule: document.Rule) -> "GateRule":
        return cls(
            name=rule.name,
            demands=rule.demands,
            candidate=rule.candidate,
            champion=rule.champion,
            passed=rule.passed,
        )


@strawberry.type(
    description="A candidate beside the champion, on accounts that neither was fitted to."
)
class Judgement:
    champion: str | None = strawberry.field(description="Version compared with; null: the first.")
    accounts: int = strawberry.field(description="Held-out accounts.")
    lost: int = strawberry.field(description="Those of them that churned.")
    passed: bool = strawberry.field(description="Whether every rule holds.")
    rules: list[GateRule] = strawberry.field(description="Every rule.")
    notes: list[str] = strawberry.field(description="What limits the comparison; else empty.")

    @classmethod
    def of(cls, judgement: document.Judgement) -> "Judgement":
        return cls(
            champion=judgement.champion,
            accounts=judgement.accounts,
            lost=judgement.lost,
            passed=judgement.passed,
            rules=[GateRule.of(rule) for rule in judgement.rules],
            notes=judgement.notes,
        )


@strawberry.type(description="One training: asked for, running or ended.")
class TrainingRun(Node):
    version: strawberry.Private[str | None]
    cause: TrainingCause = strawberry.field(description="What began it.")
    asked_by: str = strawberry.field(description="Who asked for it.")
    asked_at: datetime = strawberry.field(description="When it was asked for.")
    started_at: datetime | None = strawberry.field(description="Null while it waits.")
    ended_at: datetime | None = strawberry.field(description="Null until it has ended.")
    outcome: TrainingOutcome | None = strawberry.field(description="Null until it has ended.")
    reason: str | None = strawberry.field(description="Why it was refused, forced or failed.")
    figures: list[Metric] = strawberry.field(description="Held-out figures, by name.")
    judgement: Judgement | None = strawberry.field(description="What the gate said, if it did.")

    @strawberry.field(description="The model it made; null without one.")
    async def model(self, info: Request) -> ModelVersion | None:
        if self.version is None:
            return None
        found = await info.context.load(models_store.model_versions, self.version)
        return ModelVersion.of(found) if found else None

    @classmethod
    def of(cls, run: release_domain.TrainingRun) -> "TrainingRun":
        return cls(
            id=global_id("TrainingRun", run.run_id),
            version=run.version,
            cause=TrainingCause(run.cause.value),
            asked_by=run.asked_by,
            asked_at=run.asked_at,
            started_at=run.started_at,
            ended_at=run.ended_at,
            outcome=TrainingOutcome(run.outcome.value) if run.outcome else None,
            reason=run.reason,
            figures=to_metrics(run.figures),
            judgement=Judgement.of(run.judgement) if run.judgement else None,
        )


@strawberry.type(description="A role passing from one model to another.")
class AliasChange:
    alias: str = strawberry.field(description="champion or challenger.")
    version: str | None = strawberry.field(description="Who holds it from then on; null: nobody.")
    set_at: datetime = strawberry.field(description="From when on.")
    deed: AliasDeed = strawberry.field(description="What moved it.")
    done_by: str = strawberry.field(description="Who did it.")
    reason: str | None = strawberry.field(description="Why, if it was said.")

    @classmethod
    def of(cls, change: release_domain.AliasChange) -> "AliasChange":
        return cls(
            alias=change.alias,
            version=change.version,
            set_at=change.set_at,
            deed=AliasDeed(change.deed.value),
            done_by=change.done_by,
            reason=change.reason,
        )


@strawberry.type
class ReleaseQuery:
    @strawberry.field(description="Trainings of every kind of outcome, newest first.")
    async def training_runs(
        self, info: Request, first: First = 25, after: After = None
    ) -> Connection[TrainingRun] | None:
        page = await info.context.call(release_store.training_runs, first=first, after=after)
        nodes = [TrainingRun.of(run) for run in page.items]
        return connection(page, nodes, continued=after is not None)

    @strawberry.field(description="Which model was champion or challenger since when, and why.")
    async def model_alias_changes(
        self, info: Request, first: First = 25, after: After = None
    ) -> Connection[AliasChange] | None:
        page = await info.context.call(release_store.alias_changes, first=first, after=after)
        nodes = [AliasChange.of(change) for change in page.items]
        return connection(page, nodes, continued=after is not None)

    @strawberry.field(
        description="Every how many days the model is trained anew; null: never by itself."
    )
    async def training_every_days(self, info: Request) -> int | None:
        return await info.context.call(release_store.every_days)


@strawberry.input(description="Which model shall score.")
class ModelPromoteInput:
    version: str = strawberry.field(description="Version of a published model.")
    reason: str | None = strawberry.field(default=None, description="Why; kept in the history.")


@strawberry.input(description="Back to the champion before.")
class ModelRollbackInput:
    reason: str | None = strawberry.field(default=None, description="Why; kept in the history.")


@strawberry.type(description="What became of a modelPromote or modelRollback.")
class ModelPayload:
    model: ModelVersion | None = strawberry.field(description="The champion as it now stands.")
    user_errors: list[UserError] = strawberry.field(description="Why it was not; else empty.")

    @classmethod
    async def made(cls, call: Any) -> "ModelPayload":
        model, errors = await attempted(call)
        return cls(model=ModelVersion.of(model) if model else None, user_errors=errors)


@strawberry.input(description="How the model is to be trained.")
class ModelTrainInput:
    every_days: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="From now on train every so many days, 1 to 365; null: never by itself."
        " Left out: the schedule stays.",
    )
    now: bool = strawberry.field(default=True, description="Whether to train as soon as possible.")


@strawberry.type(description="What became of a modelTrain.")
class TrainingRunPayload:
    run: TrainingRun | None = strawberry.field(
        description="The training that waits or runs; null where none was asked for."
    )
    user_errors: list[UserError] = strawberry.field(description="Why there is none; else empty.")


@strawberry.type
class ReleaseMutation:
    @strawberry.mutation(
        description="Let a published model score, and score everyone anew. Needs the scope ml."
    )
    async def model_promote(
        self,
        info: Request,
        input: Annotated[ModelPromoteInput, strawberry.argument(description="Which model.")],
    ) -> ModelPayload:
        info.context.principal.require("ml")
        return await ModelPayload.made(
            info.context.call(models_actions.promote, version=input.version, reason=input.reason)
        )

    @strawberry.mutation(
        description="Let the champion before the present one score again. Needs the scope ml."
    )
    async def model_rollback(
        self,
        info: Request,
        input: Annotated[ModelRollbackInput, strawberry.argument(description="Why.")],
    ) -> ModelPayload:
        info.context.principal.require("ml")
        return await ModelPayload.made(
            info.context.call(release_actions.rollback, reason=input.reason)
        )

    @strawberry.mutation(
        description="Have a model trained by the worker; it serves only if it passes the gate."
        " Returns at once; needs the scope ml."
    )
    async def model_train(
        self,
        info: Request,
        input: Annotated[ModelTrainInput, strawberry.argument(description="When.")],
    ) -> TrainingRunPayload:
        info.context.principal.require("ml")
        run, errors = await attempted(_train(info.context, input))
        return TrainingRunPayload(run=TrainingRun.of(run) if run else None, user_errors=errors)


async def _train(context: Context, input: ModelTrainInput) -> release_domain.TrainingRun | None:
    if input.every_days is not strawberry.UNSET:
        await context.call(release_actions.set_schedule, every_days=input.every_days)
    return await context.call(release_actions.request_training) if input.now else None


async def run_by_id(info: Info[Any, None], key: UUID) -> TrainingRun | None:
    """A training by its own id, for `node`."""
    run = await info.context.load(release_store.training_runs_by_id, key)
    return TrainingRun.of(run) if run else None

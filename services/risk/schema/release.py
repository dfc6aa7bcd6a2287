"""What risk shows of releases: trainings, the judgement of the gate, roles of models."""

from datetime import datetime

import strawberry

from services.risk.domain import release as release_domain
from services.risk.schema.models import ModelVersion
from services.risk.schema.values import ModelMetric, to_metrics
from services.risk.store import models as models_store
from shared.graphql.enums import shown_enum
from shared.graphql.fields import answered
from shared.graphql.objects import Node
from shared.graphql.showing import Shown, shown
from shared.vocabulary import model_document

shown_enum(
    release_domain.Cause,
    "What began a training.",
    as_type="TrainingCause",
    SCHEDULED="It was due by the tenant's schedule.",
    REQUESTED="Somebody called modelTrain.",
    COMMAND="Somebody ran the command `tenure train`.",
)
shown_enum(
    release_domain.Outcome,
    "How a training ended.",
    as_type="TrainingOutcome",
    PUBLISHED="Every rule holds, and the model serves.",
    FORCED="A rule does not hold, but somebody let the model serve all the same.",
    REFUSED="A rule does not hold, or the data are too few for a model.",
    FAILED="It broke off before its end.",
)
shown_enum(
    release_domain.Deed,
    "What moved a role from one model to another.",
    as_type="AliasDeed",
    PUBLISHED="A training passed the gate.",
    FORCED="Somebody overruled the gate.",
    PROMOTED="Somebody called modelPromote.",
    ROLLED_BACK="Somebody called modelRollback.",
    REFUSED="The gate refused it, and it became challenger.",
    RELEASED="The challenger became champion.",
)


class GateRule(
    Shown[model_document.Rule], description="A condition for publication, with both models' values."
):
    name: str = shown("What is compared, e.g. oe_12m.")
    demands: str = shown("What the rule allows, in words.")
    candidate: float | None = shown("The candidate's value; null when it is unknown.")
    champion: float | None = shown(
        "The champion's value on the same rows; null where there was no champion."
    )
    passed: bool = shown("Whether the rule holds.")


class Judgement(
    Shown[model_document.Judgement],
    description="A candidate compared with the champion, on accounts that neither was fitted to.",
):
    champion: str | None = shown("The champion it was compared with; null for the first model.")
    accounts: int = shown("How many accounts they were compared on.")
    lost: int = shown("How many of them churned.")
    passed: bool = shown("Whether every rule holds.")
    rules: list[GateRule] = shown("Every rule of the gate.")
    notes: list[str] = shown("What limits the comparison; normally empty.")


class TrainingRun(
    Shown[release_domain.TrainingRun],
    Node,
    description="A training of a model: one that waits, that runs, or that has ended.",
):
    id: strawberry.ID = shown("Opaque, the same for ever.", of="run_id")
    cause: release_domain.Cause = shown("What began the training.")
    asked_by: str = shown("Who asked for it.")
    asked_at: datetime = shown("When it was asked for.")
    started_at: datetime | None = shown("Null while it waits.")
    ended_at: datetime | None = shown("Null until it has ended.")
    outcome: release_domain.Outcome | None = shown("Null until it has ended.")
    reason: str | None = shown("Why it was refused or forced, or why it failed; otherwise null.")
    figures: list[ModelMetric] = shown("Its figures, by name.", of="figures", by=to_metrics)
    judgement: Judgement | None = shown("The judgement of the gate; null without one.")

    model: ModelVersion | None = answered(
        models_store.model_versions, "The model that it made; null without one.", key="version"
    )


class AliasChange(
    Shown[release_domain.AliasChange], description="A change of the model that holds a role."
):
    alias: str = shown("The role: champion or challenger.")
    version: str | None = shown("The model that holds it from then on; null for none.")
    set_at: datetime = shown("When it began to hold the role.")
    deed: release_domain.Deed = shown("What made the change.")
    done_by: str = shown("Who made the change.")
    reason: str | None = shown("The reason; null where none was stated.")

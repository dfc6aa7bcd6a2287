"""What risk shows of releases: trainings, the gate's comparison, who made which model serve."""

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
    SCHEDULED="The tenant's schedule.",
    REQUESTED="modelTrain.",
    COMMAND="The command `tenure train`.",
)
shown_enum(
    release_domain.Outcome,
    "How a training ended.",
    as_type="TrainingOutcome",
    PUBLISHED="Every rule holds: it serves.",
    FORCED="A rule does not hold, somebody let it serve all the same.",
    REFUSED="A rule does not hold, or the data carry no model.",
    FAILED="It broke off.",
)
shown_enum(
    release_domain.Deed,
    "What moved a role from one model to another.",
    as_type="AliasDeed",
    PUBLISHED="A training passed the gate.",
    FORCED="Somebody overruled the gate.",
    PROMOTED="modelPromote.",
    ROLLED_BACK="modelRollback.",
    REFUSED="The gate kept it as challenger.",
    RELEASED="The challenger became champion.",
)


class GateRule(
    Shown[model_document.Rule], description="A condition for publication, with both models' values."
):
    name: str = shown("What is compared, e.g. oe_12m.")
    demands: str = shown("What is allowed, in words.")
    candidate: float | None = shown("The candidate's; null: not known.")
    champion: float | None = shown(
        "The champion's on the same rows; null where there was none to compare with."
    )
    passed: bool = shown("Whether it holds.")


class Judgement(
    Shown[model_document.Judgement],
    description="A candidate beside the champion, on accounts that neither was fitted to.",
):
    champion: str | None = shown("Version compared with; null: the first.")
    accounts: int = shown("Held-out accounts.")
    lost: int = shown("Those of them that churned.")
    passed: bool = shown("Whether every rule holds.")
    rules: list[GateRule] = shown("Every rule.")
    notes: list[str] = shown("What limits the comparison; else empty.")


class TrainingRun(
    Shown[release_domain.TrainingRun],
    Node,
    description="One training: asked for, running or ended.",
):
    id: strawberry.ID = shown("Opaque, the same for ever.", of="run_id")
    cause: release_domain.Cause = shown("What began it.")
    asked_by: str = shown("Who asked for it.")
    asked_at: datetime = shown("When it was asked for.")
    started_at: datetime | None = shown("Null while it waits.")
    ended_at: datetime | None = shown("Null until it has ended.")
    outcome: release_domain.Outcome | None = shown("Null until it has ended.")
    reason: str | None = shown("Why it was refused, forced or failed.")
    figures: list[ModelMetric] = shown("Held-out figures, by name.", of="figures", by=to_metrics)
    judgement: Judgement | None = shown("What the gate said, if it did.")

    model: ModelVersion | None = answered(
        models_store.model_versions, "The model it made; null without one.", key="version"
    )


class AliasChange(
    Shown[release_domain.AliasChange], description="A role passing from one model to another."
):
    alias: str = shown("champion or challenger.")
    version: str | None = shown("Who holds it from then on; null: nobody.")
    set_at: datetime = shown("From when on.")
    deed: release_domain.Deed = shown("What moved it.")
    done_by: str = shown("Who did it.")
    reason: str | None = shown("Why, if it was said.")

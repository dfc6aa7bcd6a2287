"""The risk process: publishes models, serves scores, and hears what makes new ones necessary."""

from services.risk import actions, store
from services.risk.actions import hindsight as looking_back
from services.risk.actions import release
from services.risk.forecasting import change, effects, replay, what_if
from services.risk.store import drift, health, hindsight
from services.risk.store import release as releases
from services.risk.store import report as reports
from shared.process.service import Service, run

SERVICE = Service(
    name="risk",
    reads=[
        store.latest,
        store.scores,
        store.history,
        change.moved,
        effects.model_effects,
        replay.replayed,
        replay.replayed_scores,
        replay.replayed_newest,
        what_if.imagined,
        health.healths,
        health.health_check,
        hindsight.post_mortems,
        hindsight.expectations,
        hindsight.disagreement,
        reports.cards,
        reports.report_page,
        store.at_risk,
        store.models,
        store.model_versions,
        store.models_by_id,
        store.champion,
        store.progress,
        releases.training_runs,
        releases.training_runs_by_id,
        releases.judgements,
        releases.alias_changes,
        releases.served_model,
        releases.model_document,
        releases.every_days,
        drift.newest,
    ],
    commands=[
        actions.promote,
        actions.rescore,
        looking_back.expect,
        release.start_run,
        release.touch_run,
        release.fail_run,
        release.refuse_run,
        release.offer,
        release.rollback,
        release.request_training,
        release.set_schedule,
    ],
    listeners={
        "accounts": {
            "AccountCreated": actions.note,
            "AccountChanged": actions.note,
            "ContractChanged": looking_back.note_contract,
            "MemberAdded": actions.note,
            "MemberChanged": actions.note,
            "SupportChanged": actions.note,
        },
        "usage": {"UsageRecorded": actions.note},
        "billing": {"BillingChanged": actions.note},
        "learning": {"LearningChanged": actions.note},
    },
)

if __name__ == "__main__":
    run(SERVICE)

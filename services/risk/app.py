"""The risk process: publishes models, serves scores, and hears what makes new ones necessary."""

from services.risk.actions import hindsight as hindsight_actions
from services.risk.actions import listening, release
from services.risk.actions import models as models_actions
from services.risk.actions import scores as scores_actions
from services.risk.forecasting import change, effects, replay, what_if
from services.risk.store import drift, health, hindsight
from services.risk.store import models as models_store
from services.risk.store import release as release_store
from services.risk.store import report as report_store
from services.risk.store import scores as scores_store
from shared.process.service import Service, run

SERVICE = Service(
    name="risk",
    reads={
        "read": [
            scores_store.latest,
            scores_store.scores,
            scores_store.history,
            scores_store.at_risk,
            scores_store.progress,
            change.explain_change,
            effects.model_effects,
            replay.account_replays,
            replay.score_replays,
            replay.newest_replays,
            what_if.what_if,
            health.healths,
            health.health_check,
            hindsight.post_mortems,
            hindsight.expectations,
            hindsight.disagreement,
            report_store.cards,
            report_store.report_page,
            models_store.models,
            models_store.model_versions,
            models_store.models_by_id,
            models_store.champion,
            release_store.training_runs,
            release_store.training_runs_by_id,
            release_store.alias_changes,
            release_store.every_days,
            drift.newest,
        ],
        "ml": [release_store.judgements, release_store.served_model, release_store.model_document],
    },
    commands={
        "act": [scores_actions.rescore, hindsight_actions.expect],
        "ml": [
            models_actions.promote,
            release.start_run,
            release_store.touch_run,
            release.fail_run,
            release.refuse_run,
            release.offer,
            release.rollback,
            release.request_training,
            release.set_schedule,
        ],
    },
    listeners={
        "accounts": {
            listening.learn_contracts: ["ContractChanged"],
            listening.request_rescores: [
                "AccountCreated",
                "AccountChanged",
                "ContractChanged",
                "MemberAdded",
                "MemberChanged",
                "SupportChanged",
            ],
        },
        "usage": {listening.request_rescores: ["UsageRecorded"]},
        "billing": {listening.request_rescores: ["BillingChanged"]},
        "learning": {listening.request_rescores: ["LearningChanged"]},
    },
)

if __name__ == "__main__":
    run(SERVICE)

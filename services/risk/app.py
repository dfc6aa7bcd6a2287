"""The risk process: publishes models, serves scores, and hears what makes new ones necessary."""

from services.risk import actions, change, replay, store
from shared.service import Service, run

SERVICE = Service(
    name="risk",
    reads=[
        store.latest,
        store.scores,
        store.history,
        change.moved,
        replay.replayed,
        replay.replayed_newest,
        store.at_risk,
        store.models,
        store.model_versions,
        store.models_by_id,
        store.champion,
        store.progress,
    ],
    commands=[actions.publish, actions.promote, actions.rescore],
    listeners={
        "accounts": {
            "AccountCreated": actions.note,
            "AccountChanged": actions.note,
            "ContractChanged": actions.note,
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

"""The usage process: events in, roll-ups and signals out."""

from services.usage import actions, store
from services.usage.actions import catalogue as catalogue_actions
from services.usage.actions import history as history_actions
from services.usage.actions import plans as plan_actions
from services.usage.actions import signals as signal_actions
from services.usage.domain import EventRow, segment
from services.usage.store import (
    catalogue,
    habits,
    history,
    journeys,
    member_funnel,
    plans,
    sessions,
    signals,
    stickiness,
)
from shared.intake.rows import Inlet, Kind
from shared.process.service import Service, run

SERVICE = Service(
    name="usage",
    reads=[
        store.summary,
        store.features,
        store.dictionary,
        store.pending,
        store.rejected,
        store.late_policy,
        signals.signals,
        catalogue.feature_list,
        habits.habits,
        habits.segment_habits,
        habits.suggestions,
        history.accounts_with_use,
        history.raw_events,
        history.retention,
        journeys.journeys,
        journeys.milestone_funnel,
        journeys.renewal_associations,
        journeys.value_times,
        member_funnel.funnel_of_members,
        plans.manual_rules,
        plans.milestones,
        plans.use_cases,
        sessions.member_sessions,
        sessions.time_spent,
        stickiness.stickiness,
    ],
    commands=[
        actions.set_late_policy,
        catalogue_actions.feature_upsert,
        history_actions.retention_set,
    ],
    kinds=[
        Kind("events", EventRow, actions.take_events, keep=actions.keep_rejected, together=True),
        catalogue_actions.FEATURES,
        plan_actions.MANUAL_RULES,
        plan_actions.MILESTONES,
        plan_actions.USE_CASES,
    ],
    inlets=[Inlet(kind, segment.reader(kind), actions.take_segment) for kind in segment.ROUTES],
    listeners={
        "accounts": {
            "AccountCreated": actions.learn_account,
            "AccountChanged": actions.learn_account,
            "ContractChanged": actions.learn_contract,
            "MemberAdded": signal_actions.learn_member,
            "MemberChanged": signal_actions.learn_member,
        },
        "billing": {"BillingChanged": signal_actions.learn_plan},
        "learning": {"LearningChanged": signal_actions.learn_training},
    },
)

if __name__ == "__main__":
    run(SERVICE)

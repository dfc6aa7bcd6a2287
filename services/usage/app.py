"""The usage process: events in, roll-ups and signals out."""

from services.usage.actions import catalogue as catalogue_actions
from services.usage.actions import history as history_actions
from services.usage.actions import ingest as ingest_actions
from services.usage.actions import listening
from services.usage.actions import segment as segment_actions
from services.usage.actions import value_plan as value_plan_actions
from services.usage.domain import segment
from services.usage.domain.events import EventRow
from services.usage.store import (
    catalogue,
    habits,
    history,
    journeys,
    landmarks,
    member_funnel,
    sessions,
    signals,
    stickiness,
    value_plan,
)
from services.usage.store import ingest as ingest_store
from services.usage.store import reads as reads_store
from services.usage.store import rejections as rejections_store
from shared.intake.rows import BulkRoute, ForeignRoute
from shared.process.service import Service, run

SERVICE = Service(
    name="usage",
    reads={
        "read": [
            reads_store.summary,
            reads_store.pending,
            rejections_store.rejections,
            ingest_store.late_policy,
            signals.signals,
            catalogue.feature_list,
            habits.habits,
            habits.segment_habits,
            habits.suggestions,
            history.retention,
            journeys.journeys,
            journeys.milestone_funnel,
            journeys.renewal_associations,
            journeys.value_times,
            member_funnel.funnel_of_members,
            value_plan.manual_rules,
            value_plan.milestones,
            value_plan.use_cases,
            sessions.member_sessions,
            sessions.time_spent,
            stickiness.stickiness,
        ],
        "ml": [landmarks.features, landmarks.dictionary],
        "admin": [history.accounts_with_use, history.raw_events],
    },
    commands={
        "ingest": [catalogue_actions.feature_upsert],
        "admin": [
            ingest_actions.set_late_policy,
            ingest_actions.time_zone_set,
            history_actions.retention_set,
        ],
    },
    bulk_routes={
        "ingest": [
            BulkRoute(
                "events",
                EventRow,
                ingest_actions.take_events,
                save_rejected=ingest_actions.save_rejected,
                shares_commit=True,
            ),
            catalogue_actions.FEATURES,
            value_plan_actions.MANUAL_RULES,
            value_plan_actions.MILESTONES,
            value_plan_actions.USE_CASES,
        ],
    },
    foreign_routes={
        "ingest": [
            ForeignRoute(kind, segment.reader(kind), segment_actions.take_segment)
            for kind in segment.ROUTES
        ],
    },
    listeners={
        "accounts": {
            listening.learn_accounts: ["AccountCreated", "AccountChanged"],
            listening.learn_contracts: ["ContractChanged"],
            listening.learn_members: ["MemberAdded", "MemberChanged"],
        },
        "billing": {listening.learn_plans: ["BillingChanged"]},
        "learning": {listening.learn_completions: ["LearningChanged"]},
    },
)

if __name__ == "__main__":
    run(SERVICE)

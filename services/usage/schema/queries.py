"""Plans, journeys, sessions, events and features of the whole tenant."""

from datetime import date, datetime
from typing import Annotated

import strawberry

from services.usage.schema.catalogue import Feature
from services.usage.schema.events import (
    PendingEvent,
    RejectedEvent,
    UsageLatePolicy,
    UsageRetention,
)
from services.usage.schema.habits import Habit, Session
from services.usage.schema.journeys import (
    FunnelStep,
    MemberFunnelStep,
    RenewalAssociation,
    TimeToValue,
)
from services.usage.schema.value_plan import ManualRule, Milestone, UseCase
from services.usage.store import catalogue as catalogue_store
from services.usage.store import habits as habits_store
from services.usage.store import history as history_store
from services.usage.store import ingest as ingest_store
from services.usage.store import journeys as journeys_store
from services.usage.store import member_funnel as member_funnel_store
from services.usage.store import reads as reads_store
from services.usage.store import rejections as rejections_store
from services.usage.store import sessions as sessions_store
from services.usage.store import value_plan as value_plan_store
from shared.graphql.fields import Arguments, AsOfNow, called, moment_or_now
from shared.graphql.paging import After, Connection, First
from shared.vocabulary.ids import account_key


def _cohort(
    started_from: Annotated[
        date | None,
        strawberry.argument(
            description="Only accounts whose first contract started then or later."
        ),
    ] = None,
    started_to: Annotated[
        date | None,
        strawberry.argument(description="Only accounts whose first contract started before."),
    ] = None,
    as_of: AsOfNow = None,
) -> Arguments:
    return {"started_from": started_from, "started_to": started_to, "as_of": as_of}


def _member_cohort(
    started_from: Annotated[
        date | None, strawberry.argument(description="Only members who started then or later.")
    ] = None,
    started_to: Annotated[
        date | None, strawberry.argument(description="Only members who started before.")
    ] = None,
    as_of: AsOfNow = None,
) -> Arguments:
    return {"started_from": started_from, "started_to": started_to, "as_of": as_of}


def _segment(
    account_ids: Annotated[
        list[strawberry.ID],
        strawberry.argument(description="The accounts of the segment, at most 1,000."),
    ],
    as_of: AsOfNow = None,
) -> Arguments:
    keys = [account_key(each, "accountIds") for each in account_ids]
    return {"account_ids": keys, "as_of": as_of}


def _member(
    account_id: Annotated[strawberry.ID, strawberry.argument(description="The account.")],
    member: Annotated[
        str, strawberry.argument(description="As events name the member, or the member's uuid.")
    ],
    as_of: AsOfNow = None,
) -> Arguments:
    return {"account_id": account_key(account_id), "member": member, "as_of": as_of}


def _dated_page(first: First = 25, after: After = None, as_of: AsOfNow = None) -> Arguments:
    return {"first": first, "after": after, "as_of": as_of}


def _decision(
    as_of: Annotated[
        datetime | None, strawberry.argument(description="As it was decided then; now if omitted.")
    ] = None,
) -> Arguments:
    return {"as_of": as_of}


@strawberry.type
class Query:
    rejected_events: Connection[RejectedEvent] | None = called(
        rejections_store.rejections, "Events that were turned away, those received last first."
    )
    usage_late_policy: UsageLatePolicy | None = called(
        ingest_store.late_policy, "What becomes of late events.", takes=_decision
    )
    use_cases: list[UseCase] | None = called(
        value_plan_store.use_cases, "The use cases in force, by key (U12).", takes=moment_or_now
    )
    milestones: list[Milestone] | None = called(
        value_plan_store.milestones, "The milestones in force, in their order.", takes=moment_or_now
    )
    manual_rules: list[ManualRule] | None = called(
        value_plan_store.manual_rules,
        "The rules of manual work in force, by key.",
        takes=moment_or_now,
    )
    time_to_value: TimeToValue | None = called(
        journeys_store.value_times, "How long accounts take to first value (U11).", takes=_cohort
    )
    milestone_funnel: list[FunnelStep] | None = called(
        journeys_store.milestone_funnel,
        "Where accounts give up on the way to value (U18).",
        takes=_cohort,
    )
    member_funnel: list[MemberFunnelStep] | None = called(
        member_funnel_store.funnel_of_members,
        "Where members give up on their own way to value (U18).",
        takes=_member_cohort,
    )
    segment_habits: list[Habit] | None = called(
        habits_store.segment_habits,
        "Habits of all members of a segment, one a use case in force (U9, U13).",
        takes=_segment,
    )
    renewal_associations: list[RenewalAssociation] | None = called(
        journeys_store.renewal_associations,
        "Features whose use goes with being retained, strongest first (U21).",
        takes=moment_or_now,
    )
    usage_retention: UsageRetention | None = called(
        history_store.retention, "How long events are kept one by one."
    )
    member_sessions: list[Session] | None = called(
        sessions_store.member_sessions,
        "A member's sessions of the last 28 days, oldest first (U8).",
        takes=_member,
    )
    pending_events: Connection[PendingEvent] | None = called(
        reads_store.pending, "Events whose account is not known yet, oldest first."
    )
    features: Connection[Feature] | None = called(
        catalogue_store.feature_list,
        "What members can use, by key: everything described, or seen in an event.",
        takes=_dated_page,
    )

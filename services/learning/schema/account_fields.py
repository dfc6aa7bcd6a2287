"""How an account's members learn."""

from datetime import datetime

import strawberry

from services.learning.domain import learners as learners_domain
from services.learning.schema.courses import Course
from services.learning.store import learners as learners_store
from shared.graphql.fields import answered, missing, moment
from shared.graphql.objects import Part
from shared.graphql.showing import Shown, shown
from shared.graphql.values import MetricValue


class NextCourse(
    Shown[learners_domain.NextCourse],
    description="A course that is next for some members of an account.",
):
    course: Course = shown("The course.")
    members: int = shown("How many members have it as the first course of their path.")


class LearningSummary(
    Shown[learners_domain.LearningSummary],
    description="How an account's members learn, at a moment.",
):
    as_of: datetime = shown("The moment it speaks of.")
    learners: int = shown("How many members were known then.")
    education_adoption: MetricValue = shown(
        "Share of the members who completed a course in 180 days (definition L1). Higher is better."
    )
    completion_rate: MetricValue = shown(
        "Share of enrolments at least 30 days old that were completed (definition L4)."
        " Higher is better."
    )
    certified: MetricValue = shown("Share of members who passed an assessment. Higher is better.")
    paths_open: int = shown("How many members still have a course to take.")
    next_courses: list[NextCourse] = shown(
        "First courses of the members' paths, most members first, at most 5."
    )


@strawberry.type
class AccountFields(Part):
    learning: LearningSummary | None = answered(
        learners_store.summary,
        "Adoption, completion and open paths of the account's members.",
        takes=moment,
        absent=missing("account"),
    )

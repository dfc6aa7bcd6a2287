"""Time spent, habits and repeated work of an account as they are shown."""

from datetime import date, datetime

from services.usage.domain import habits as habits_domain
from services.usage.domain import repetition as repetition_domain
from services.usage.domain import sessions as sessions_domain
from services.usage.schema.value_plan import ManualRule, UseCase
from shared.graphql.enums import shown_enum
from shared.graphql.showing import Shown, shown
from shared.graphql.values import MetricValue

shown_enum(
    habits_domain.Zone,
    "Where use of a use case stands (U13).",
    as_type="HabitZone",
    HABIT="Used at least monthly by half or more.",
    FORGETTABLE="Used less than that, and less than is natural, by more than half.",
    RARE="Less than monthly by nature, and used as often as that.",
    UNKNOWN="There are fewer than five members to judge by.",
)


class TimeSpent(
    Shown[sessions_domain.TimeSpent],
    description="Time per active user in the 28 whole days before (U8). Higher is better.",
):
    active_minutes: MetricValue = shown(
        "Minutes within sessions per active user; 30 minutes of idleness end a session."
    )
    sessions: MetricValue = shown("Sessions per active user.")


class Session(
    Shown[sessions_domain.Session],
    description="What a member did without a break of half an hour.",
):
    start_at: datetime = shown("When its first event happened.")
    end_at: datetime = shown("When its last event happened.")
    events: int = shown("How many events it has.")


class PersonaUse(
    Shown[habits_domain.PersonaUse],
    description="Use of one use case by the members of one role (U13).",
):
    role: str | None = shown(
        "The role, as accounts tells it; null for members whose role is not known."
    )
    frequency: MetricValue = shown(
        "Median days between days with the core action. Lower is better."
    )
    forgettable: MetricValue = shown("Share of these members who forget it. Higher is worse.")
    flagged: bool = shown("Whether more than half of them, who are at least five, forget it.")


class Habit(
    Shown[habits_domain.Habit],
    description="The habit of one use case, of an account or a segment.",
):
    use_case: UseCase = shown("The use case that the habit is about.")
    zone: habits_domain.Zone = shown("How use stands against how often the job comes by nature.")
    flagged: bool = shown("Whether more than half of the members forget it.")
    frequency: MetricValue = shown(
        "Median days between days with the core action (U13). Lower is better."
    )
    forgettable: MetricValue = shown("Share of members who forget it (U13). Higher is worse.")
    habit: MetricValue = shown(
        "Share of active members with the core action in 3 of the last 4 natural periods (U9)."
        " Higher is better."
    )
    personas: list[PersonaUse] = shown("The same frequency by role of the members, by name (U13).")


class AutomationSuggestion(
    Shown[repetition_domain.Suggestion],
    description="Manual work the product could take over, with the evidence (U20).",
):
    rule: ManualRule = shown("The rule that was met.")
    members: MetricValue = shown("How many members met it in 28 days.")
    times_met: int = shown("How many days or weeks of members met the rule.")
    member: str = shown("The member who did it most often within one day or week.")
    period_on: date = shown("The day on which that was, or the Monday of the week.")
    events: int = shown("How often that member did it on that day or in that week.")

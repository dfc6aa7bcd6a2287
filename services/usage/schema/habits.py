"""Time spent, habits and repeated work of an account as they are shown."""

from datetime import date, datetime
from enum import Enum

import strawberry

from services.usage.domain import habits, repetition
from services.usage.domain.sessions import Session as Spell
from services.usage.domain.sessions import TimeSpent as Spent
from services.usage.schema.plans import ManualRule, UseCase
from shared.graphql.old import MetricValue


@strawberry.type(
    description="Time per active user in the 28 whole days before (U8). Higher is better."
)
class TimeSpent:
    active_minutes: MetricValue = strawberry.field(
        description="Minutes within sessions per active user; 30 minutes of idleness end a session."
    )
    sessions: MetricValue = strawberry.field(description="Sessions per active user.")

    @classmethod
    def of(cls, spent: Spent) -> "TimeSpent":
        return cls(
            active_minutes=MetricValue.of(spent.active_minutes),
            sessions=MetricValue.of(spent.sessions),
        )


@strawberry.type(description="What a member did without a break of half an hour.")
class Session:
    start_at: datetime = strawberry.field(description="The first event.")
    end_at: datetime = strawberry.field(description="The last event.")
    events: int = strawberry.field(description="How many events.")

    @classmethod
    def of(cls, session: Spell) -> "Session":
        return cls(start_at=session.start_at, end_at=session.end_at, events=session.events)


@strawberry.enum(description="Where use of a use case stands (U13).")
class HabitZone(Enum):
    HABIT = strawberry.enum_value("habit", description="Used at least monthly by half or more.")
    FORGETTABLE = strawberry.enum_value(
        "forgettable", description="Used less than that, and less than is natural, by most."
    )
    RARE = strawberry.enum_value(
        "rare", description="Less than monthly by nature, and used as often as that."
    )
    UNKNOWN = strawberry.enum_value("unknown", description="Fewer than five members to judge by.")


@strawberry.type(description="Use of one use case by the members of one role (U13).")
class PersonaUse:
    role: str | None = strawberry.field(
        description="The role, as accounts tells it; null for members whose role is not known."
    )
    frequency: MetricValue = strawberry.field(
        description="Median days between days with the core action. Lower is better."
    )
    forgettable: MetricValue = strawberry.field(
        description="Share of these members who forget it. Higher is worse."
    )
    flagged: bool = strawberry.field(description="More than half of at least five forget it.")

    @classmethod
    def of(cls, use: habits.PersonaUse) -> "PersonaUse":
        return cls(
            role=use.role,
            frequency=MetricValue.of(use.frequency),
            forgettable=MetricValue.of(use.forgettable),
            flagged=use.flagged,
        )


@strawberry.type(description="The habit of one use case, of an account or a segment.")
class Habit:
    use_case: UseCase = strawberry.field(description="What it is about.")
    zone: HabitZone = strawberry.field(description="Against what comes by nature.")
    flagged: bool = strawberry.field(description="More than half of the members forget it.")
    frequency: MetricValue = strawberry.field(
        description="Median days between days with the core action (U13). Lower is better."
    )
    forgettable: MetricValue = strawberry.field(
        description="Share of members who forget it (U13). Higher is worse."
    )
    habit: MetricValue = strawberry.field(
        description="Share of active members with the core action in 3 of the last 4 natural"
        " periods (U9). Higher is better."
    )
    personas: list[PersonaUse] = strawberry.field(
        description="The same frequency by role of the members, by name (U13)."
    )

    @classmethod
    def of(cls, habit: habits.Habit) -> "Habit":
        return cls(
            use_case=UseCase.of(habit.use_case),
            zone=HabitZone(habit.zone.value),
            flagged=habit.flagged,
            frequency=MetricValue.of(habit.frequency),
            forgettable=MetricValue.of(habit.forgettable),
            habit=MetricValue.of(habit.habit),
            personas=[PersonaUse.of(use) for use in habit.personas],
        )


@strawberry.type(description="Manual work the product could take over, with the evidence (U20).")
class AutomationSuggestion:
    rule: ManualRule = strawberry.field(description="The rule that was met.")
    members: MetricValue = strawberry.field(description="How many members met it in 28 days.")
    times_met: int = strawberry.field(description="In how many days or weeks of members.")
    member: str = strawberry.field(description="Evidence: who did it most within one period,")
    period_on: date = strawberry.field(description="the day, or the Monday of the week,")
    events: int = strawberry.field(description="and how often.")

    @classmethod
    def of(cls, suggestion: repetition.Suggestion) -> "AutomationSuggestion":
        return cls(
            rule=ManualRule.of(suggestion.rule),
            members=MetricValue.of(suggestion.members),
            times_met=suggestion.times_met,
            member=suggestion.member,
            period_on=suggestion.period_on,
            events=suggestion.events,
        )

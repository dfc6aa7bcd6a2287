"""Habits and journeys as fields of an account's usage."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry import Info

from services.usage.schema.habits import AutomationSuggestion, Habit, TimeSpent
from services.usage.schema.journeys import Journey
from services.usage.schema.stickiness import Stickiness
from services.usage.store import habits, journeys, sessions, stickiness
from shared.graphql.old import Context
from shared.vocabulary.errors import NotFound


@strawberry.type
class JourneyFields:
    """Each is asked for only when it is wanted, for all accounts of a page at once."""

    key: strawberry.Private[UUID]
    moment: strawberry.Private[datetime | None]
    """The moment that was asked for; null: now."""

    @strawberry.field(description="Time that members spend in the product.")
    async def time_spent(self, info: Info[Context, None]) -> TimeSpent:
        found = await info.context.load(sessions.time_spent, self.key, as_of=self.moment)
        if found is None:
            raise NotFound(f"there is no account {self.key}")
        return TimeSpent.of(found)

    @strawberry.field(description="Stickiness, DAU/MAU (U14).")
    async def stickiness(
        self,
        info: Info[Context, None],
        days: Annotated[
            int, strawberry.argument(description="Whole days of the window: 28 or 30.")
        ] = 28,
    ) -> Stickiness:
        found = await info.context.load(
            stickiness.stickiness, self.key, as_of=self.moment, days=days
        )
        if found is None:
            raise NotFound(f"there is no account {self.key}")
        return Stickiness.of(found)

    @strawberry.field(description="Habits, one a use case in force.")
    async def habits(self, info: Info[Context, None]) -> list[Habit]:
        found = await info.context.load(habits.habits, self.key, as_of=self.moment)
        return [Habit.of(habit) for habit in found or []]

    @strawberry.field(description="Repeated manual work that the product could take over.")
    async def automation_suggestions(self, info: Info[Context, None]) -> list[AutomationSuggestion]:
        found = await info.context.load(habits.suggestions, self.key, as_of=self.moment)
        return [AutomationSuggestion.of(suggestion) for suggestion in found or []]

    @strawberry.field(description="The way over the milestones to value.")
    async def journey(self, info: Info[Context, None]) -> Journey:
        found = await info.context.load(journeys.journeys, self.key, as_of=self.moment)
        if found is None:
            raise NotFound(f"there is no account {self.key}")
        return Journey.of(found)

"""Use cases, milestones and rules as they are shown."""

from services.usage.domain import value_plan as value_plan_domain
from shared.graphql.showing import Shown, shown


class UseCase(
    Shown[value_plan_domain.UseCase],
    description="Why accounts buy: who does which job how often (U12).",
):
    key: str = shown("The tenant's name for it.")
    persona: str | None = shown("Who does the job.")
    problem: str | None = shown("What hurts without it.")
    job: str = shown("What gets done.")
    advantage: str | None = shown("Why it is better done with the product.")
    alternative: str | None = shown("What would be used instead.")
    core_action: str = shown("The feature whose use is the job done.")
    natural_frequency_days: int = shown("After how many days the job comes again by nature.")


class Milestone(Shown[value_plan_domain.Milestone], description="A step on the way to value."):
    key: str = shown("The tenant's name for it.")
    title: str = shown("What people call it.")
    features: list[str] = shown("The features that must all have been used.")
    k_users: int = shown("How many members must have used each; 0 means anyone, named or not.")
    due_day: int | None = shown(
        "Within how many days of the first contract's start it is due; null if never."
    )
    required: bool = shown("Whether onboarding needs it.")
    is_value: bool = shown("Whether reaching it is first value (U11).")
    weight: float = shown("Its weight in the progress (U9); no unit.")
    order: int = shown("Its place on the way.", of="place")


class ManualRule(
    Shown[value_plan_domain.ManualRule],
    description="Work by hand that, done so often, the product could do.",
):
    key: str = shown("The tenant's name for it.")
    feature: str = shown("The feature whose use is the manual work.")
    at_least: int = shown("How often one member must use it.")
    within: str = shown("The time in which that must happen: a 'day' or a 'week'.")
    suggests: str = shown("What would do the work instead.")

"""Use cases, milestones and rules as they are shown."""

import strawberry

from services.usage.domain import value_plan


@strawberry.type(description="Why accounts buy: who does which job how often (U12).")
class UseCase:
    key: str = strawberry.field(description="The tenant's name for it.")
    persona: str | None = strawberry.field(description="Who does the job.")
    problem: str | None = strawberry.field(description="What hurts without it.")
    job: str = strawberry.field(description="What gets done.")
    advantage: str | None = strawberry.field(description="Why it is better done with the product.")
    alternative: str | None = strawberry.field(description="What would be used instead.")
    core_action: str = strawberry.field(description="The feature whose use is the job done.")
    natural_frequency_days: int = strawberry.field(
        description="How often the job comes by nature: every so many days."
    )

    @classmethod
    def of(cls, case: value_plan.UseCase) -> "UseCase":
        return cls(
            key=case.key,
            persona=case.persona,
            problem=case.problem,
            job=case.job,
            advantage=case.advantage,
            alternative=case.alternative,
            core_action=case.core_action,
            natural_frequency_days=case.natural_frequency_days,
        )


@strawberry.type(description="A step on the way to value.")
class Milestone:
    key: str = strawberry.field(description="The tenant's name for it.")
    title: str = strawberry.field(description="For people.")
    features: list[str] = strawberry.field(description="Every one of them must have been used,")
    k_users: int = strawberry.field(
        description="by so many members each; with 0 by anyone, or by no named member."
    )
    due_day: int | None = strawberry.field(
        description="Within how many days of the first contract's start; null: at any time."
    )
    required: bool = strawberry.field(description="Whether onboarding needs it.")
    is_value: bool = strawberry.field(description="Whether reaching it is first value (U11).")
    weight: float = strawberry.field(description="Its weight in the progress (U9); no unit.")
    order: int = strawberry.field(description="Its place on the way.")

    @classmethod
    def of(cls, milestone: value_plan.Milestone) -> "Milestone":
        return cls(
            key=milestone.key,
            title=milestone.title,
            features=milestone.features,
            k_users=milestone.k_users,
            due_day=milestone.due_day,
            required=milestone.required,
            is_value=milestone.is_value,
            weight=milestone.weight,
            order=milestone.place,
        )


@strawberry.type(description="Work by hand that, done so often, the product could do.")
class ManualRule:
    key: str = strawberry.field(description="The tenant's name for it.")
    feature: str = strawberry.field(description="The manual work.")
    at_least: int = strawberry.field(description="How often by one member")
    within: str = strawberry.field(description="within a 'day' or a 'week'.")
    suggests: str = strawberry.field(description="What would do it.")

    @classmethod
    def of(cls, rule: value_plan.ManualRule) -> "ManualRule":
        return cls(
            key=rule.key,
            feature=rule.feature,
            at_least=rule.at_least,
            within=rule.within,
            suggests=rule.suggests,
        )

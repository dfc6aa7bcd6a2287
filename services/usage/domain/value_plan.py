"""What a tenant says of its product: use cases, milestones, rules of manual work; in versions."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UseCase:
    """Persona, problem, job, and how often it comes by nature (U12)."""

    key: str
    job: str
    core_action: str
    natural_frequency_days: int
    persona: str | None
    problem: str | None
    advantage: str | None
    alternative: str | None


@dataclass(frozen=True, slots=True)
class Milestone:
    """A step on the way to value, as known at a moment; `due_day` counts from the start."""

    key: str
    title: str
    features: list[str]
    k_users: int
    due_day: int | None
    required: bool
    is_value: bool
    weight: float
    place: int


@dataclass(frozen=True, slots=True)
class ManualRule:
    """So many uses of a feature in a day or a week are work the product could do."""

    key: str
    feature: str
    at_least: int
    within: str
    suggests: str

"""The rows in which a tenant says what its product is; events have their own in `domain.events`."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, field

from services.usage.domain.catalogue import Tier
from services.usage.domain.events import Name
from shared.intake.rows import Row

Words: TypeAlias = Annotated[str, Meta(min_length=1, max_length=2_000)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=1_000_000)]


class FeatureRow(Row, kw_only=True):
    """A feature as it is from now on; no plans means that every plan has it."""

    key: Name
    title: Name | None = None
    tier: Tier = "basic"
    sticky: bool = False
    core: bool = False
    plans: Annotated[list[Name], Meta(max_length=100)] = field(default_factory=list[str])
    milestone: Name | None = None
    persona: Name | None = None
    qualifying: bool = True


class UseCaseRow(Row, kw_only=True):
    """Who does which job how often; a later row with the same key is a new version."""

    key: Name
    job: Words
    core_action: Name
    natural_frequency_days: Annotated[int, Meta(ge=1, le=366)]
    persona: Name | None = None
    problem: Words | None = None
    advantage: Words | None = None
    alternative: Words | None = None
    retired: bool = False


class MilestoneRow(Row, kw_only=True):
    """A step on the way to value, reached when `kUsers` members have used every feature.

    With `kUsers` 0 it is enough that every feature was used, by anyone or by no named member.
    """

    key: Name
    title: Name
    features: Annotated[list[Name], Meta(min_length=1, max_length=50)]
    k_users: Count = 1
    due_day: Annotated[int, Meta(ge=1, le=3_660)] | None = None
    required: bool = True
    is_value: bool = False
    weight: Annotated[float, Meta(gt=0, le=1e6)] = 1.0
    order: Annotated[int, Meta(ge=0, le=10_000)] = 0
    retired: bool = False


class ManualRuleRow(Row, kw_only=True):
    """The feature, used so often by one member within a day or a week, suggests what does it."""

    key: Name
    feature: Name
    at_least: Annotated[int, Meta(ge=2, le=1_000_000)]
    within: Literal["day", "week"]
    suggests: Words
    retired: bool = False

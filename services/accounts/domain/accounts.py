"""What accounts knows of a customer: its names, its traits, and how customers are listed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

Trait: TypeAlias = str | int | float | bool | None


class AccountOrder(StrEnum):
    """How a list of accounts is sorted."""

    NAME = "name"
    CREATED = "created"
    ID = "id"


@dataclass(frozen=True, slots=True)
class ExternalId:
    """The name another system gives an account."""

    source: str
    external_id: str


@dataclass(frozen=True, slots=True)
class Account:
    """A customer company as it was known at a moment."""

    id: UUID
    name: str
    traits: dict[str, Trait]
    tags: list[str]
    intended_users: int | None
    industry: str | None
    created_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """Which accounts a list shows; what is None does not narrow it."""

    name_contains: str | None = None
    tag: str | None = None
    external_id: ExternalId | None = None


@dataclass(frozen=True, slots=True)
class AccountFact:
    """What other services receive about an account."""

    account_id: UUID
    name: str
    external_ids: list[ExternalId]
    intended_users: int | None
    internal: bool
    recorded_at: datetime


class AccountCreated(AccountFact):
    """An account is known for the first time, under these names."""


class AccountChanged(AccountFact):
    """An account has a new version, or another name elsewhere."""

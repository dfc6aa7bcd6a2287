"""Fields of inputs: what they mean, and what stands there when they are left out."""

from typing import Any

import strawberry


def entry(description: str, **default: Any) -> Any:
    """A field of an input; it is required unless a `default` or `default_factory` is there."""
    return strawberry.field(description=description, **default)


def optional(description: str) -> Any:
    """A field of an input that is null when it is left out."""
    return entry(description, default=None)


@strawberry.input(description="What another system calls an account.")
class AccountNameInput:
    source: str = entry("The other system, e.g. crm.")
    id: str = entry("The account's id there.")


def account_id() -> Any:
    """The field of an input that names its account by the id, where it may be named otherwise."""
    return optional("The account's id in this API; or name the account by its external id.")


def account_name() -> Any:
    """The field of an input that names its account as another system does."""
    return optional("What another system calls the account, where accountId is left out.")

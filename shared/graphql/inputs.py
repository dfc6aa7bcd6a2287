"""Fields of inputs: what they mean, and what stands there when they are left out."""

from typing import Any

import strawberry


def entry(description: str, **default: Any) -> Any:
    """A field of an input; it is required unless a `default` or `default_factory` is there."""
    return strawberry.field(description=description, **default)


def optional(description: str) -> Any:
    """A field of an input that is null when it is left out."""
    return entry(description, default=None)

"""Which scope each answer of the gateway's own needs: what does not stand here is not answered.

Whatever a service answers, its own `app.py` declares and its own process refuses.
"""

import inspect
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from strawberry.extensions import FieldExtension
from strawberry.types import Info
from strawberry.types.base import (
    StrawberryContainer,
    StrawberryOptional,
    get_object_definition,
    has_object_definition,
)
from strawberry.types.field import StrawberryField
from strawberry.types.lazy_type import LazyType

from graph.context import GraphContext
from shared.graphql.objects import Part
from shared.graphql.payloads import UserError

T = TypeVar("T")

ANY_KEY: Final = None
"""No scope: whoever has a valid key."""

FIELDS: Final[Mapping[str, str | None]] = {
    "viewer": ANY_KEY,
    "node": "read",
    "nodes": "read",
    "api_keys": "admin",
    "api_key_create": "admin",
    "api_key_revoke": "admin",
    "tenant_time_zone_set": "admin",
    "risk_updates": "read",
}
"""Root fields that no service answers."""

BULK: Final[Mapping[str, tuple[str, ...]]] = {
    "accounts": ("accounts", "members", "contracts", "tickets"),
    "usage": ("events", "features", "manual-rules", "milestones", "use-cases"),
    "billing": ("subscriptions", "invoices", "payments", "payment-methods"),
    "learning": ("courses", "progress"),
}
"""Kinds of rows, by the service that takes them."""
SEGMENT: Final = ("track", "identify", "group", "page", "screen", "alias", "batch")
FEED: Final = "/v1/feeds/risk"
REPORT: Final = "/v1/models/{version}/report"

ROUTES: Final[Mapping[str, str]] = {
    FEED: "read",
    REPORT: "read",
    **{f"/v1/{kind}": "ingest" for kinds in (*BULK.values(), SEGMENT) for kind in kinds},
}
"""Routes over HTTP; `/graphql` signs in itself, and the others have nothing of a tenant."""


class Needs(FieldExtension):
    """Has a field answered only to who holds the scope."""

    def __init__(self, scope: str) -> None:
        self._scope = scope

    async def resolve_async(
        self, next_: Any, source: Any, info: Info[GraphContext, None], **arguments: Any
    ) -> Any:
        """The field's own answer, if the key may have it."""
        info.context.principal.require(self._scope)
        answer = next_(source, info, **arguments)
        return await answer if inspect.isawaitable(answer) else answer


def guard(root: type[T]) -> type[T]:
    """The root, with the gateway's own fields under their scopes; LookupError for one without."""
    for field in _fields(root):
        name = str(field.python_name)
        module = field.base_resolver.wrapped_func.__module__ if field.base_resolver else __name__
        if module.startswith("graph.") and name not in FIELDS:
            raise LookupError(f"{name} stands under no scope in {__name__}.FIELDS")
        if scope := FIELDS.get(name):
            field.extensions.append(Needs(scope))
    return root


def guard_payloads(mutation: type[T]) -> type[T]:
    """The mutations, whose payloads show an object only to who may read.

    What is known by its id alone asks its services for everything else, and they refuse. TypeError
    for an object that cannot be null: the refusal would hide that the deed is done.
    """
    services = [field for field in _fields(mutation) if field.python_name not in FIELDS]
    for payload in {field.type for field in services}:
        for field in _fields(payload):
            shown = _inner(field.type)
            if has_object_definition(shown) and not issubclass(shown, Part | UserError):
                if not isinstance(field.type, StrawberryOptional):
                    raise TypeError(f"{payload}.{field.python_name} must be nullable")
                field.extensions.append(Needs("read"))
    return mutation


def _fields(kind: Any) -> list[StrawberryField]:
    return get_object_definition(kind, strict=True).fields


def _inner(kind: Any) -> Any:
    """The type within lists and optionals."""
    while isinstance(kind, StrawberryContainer):
        kind = kind.of_type
    return kind.resolve_type() if isinstance(kind, LazyType) else kind

"""Scalars of the graph: opaque ids, moments that carry their zone, amounts beyond 32 bits."""

from datetime import datetime
from typing import Any, Final, NewType
from uuid import UUID

import strawberry
from graphql import GraphQLError

from shared.vocabulary import ids

WideInt = NewType("WideInt", int)
WIDEST: Final = 2**53


def global_id(kind: str, key: UUID) -> strawberry.ID:
    """The opaque id of an object, as the graph's type ID; `shared.vocabulary.ids` reads it back."""
    return strawberry.ID(ids.global_id(kind, key))


def aware(text: Any) -> datetime:
    """A moment with its zone; anything else is refused in words."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise GraphQLError(f"{text!r} is no moment; write 2026-11-21T09:30:00Z") from error
    if moment.tzinfo is None:
        raise GraphQLError(f"{text!r} has no time zone; write {text}Z, or {text}+01:00")
    return moment


def wide(value: Any) -> int:
    """A whole number that JSON carries exactly."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > WIDEST:
        raise GraphQLError(f"{value!r} is no whole number between −2^53 and 2^53")
    return value


SCALARS: Final[dict[object, Any]] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment with its zone, in ISO 8601.",
        specified_by_url="https://scalars.graphql.org/andimarek/date-time",
        serialize=datetime.isoformat,
        parse_value=aware,
    ),
    WideInt: strawberry.scalar(
        name="WideInt",
        description="A whole number of up to 53 bits, as JSON numbers carry them exactly.",
        serialize=int,
        parse_value=wide,
    ),
}

"""Scalars of the graph: opaque ids, moments that carry their zone, amounts beyond 32 bits."""

from datetime import UTC, datetime
from typing import Any, Final, NewType
from uuid import UUID

import strawberry
from graphql import GraphQLError
from strawberry.scalars import JSON

from shared.vocabulary import ids
from shared.vocabulary.errors import InvalidInput
from shared.vocabulary.moments import moment
from shared.vocabulary.storable import culprit

WideInt = NewType("WideInt", int)
WIDEST: Final = 2**53


def global_id(kind: str, key: UUID) -> strawberry.ID:
    """The opaque id of an object, as the graph's type ID; `shared.vocabulary.ids` reads it back."""
    return strawberry.ID(ids.global_id(kind, key))


def aware(text: object) -> datetime:
    """A moment with its zone; anything else is refused in words."""
    try:
        return moment(text, "DateTime").astimezone(UTC)
    except InvalidInput as error:
        raise GraphQLError(str(error)) from error


def document(value: Any) -> Any:
    """JSON that a database can hold, and give back."""
    flaw = culprit({"JSON": value})
    if flaw:
        raise GraphQLError(str(flaw))
    return value


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
    JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON; its numbers are finite, of at most 64 bits if they are whole.",
        specified_by_url=(
            "https://ecma-international.org/wp-content/uploads/ECMA-404_2nd_edition_december_2017.pdf"
        ),
        parse_value=document,
    ),
    WideInt: strawberry.scalar(
        name="WideInt",
        description="A whole number of up to 53 bits, as JSON numbers carry them exactly.",
        serialize=int,
        parse_value=wide,
    ),
}

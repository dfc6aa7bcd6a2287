"""Scalars of the graph: moments carry their zone, amounts may exceed 32 bits."""

from datetime import UTC, datetime
from typing import Any, Final

import strawberry
from graphql import GraphQLError
from strawberry.scalars import JSON

from shared.graphql.context import WideInt
from shared.vocabulary.storable import culprit

WIDEST: Final = 2**53
EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2199, 12, 31, tzinfo=UTC)
"""Far enough from the ends of the calendar to count days, years and zones from there."""


def aware(text: Any) -> datetime:
    """A moment with its zone; anything else is refused in words."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise GraphQLError(f"{text!r} is no moment; write 2026-11-21T09:30:00Z") from error
    if moment.tzinfo is None:
        raise GraphQLError(f"{text!r} has no time zone; write {text}Z, or {text}+01:00")
    if not EARLIEST <= moment <= LATEST:
        raise GraphQLError(f"{text!r} is out of bounds; allowed: the years 1900 to 2199")
    return moment.astimezone(UTC)


def document(value: Any) -> Any:
    """JSON that a database can hold, and give back."""
    flaw = culprit(value)
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

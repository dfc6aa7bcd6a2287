"""What partners subscribe to: replayed from a cursor, then live, from the durable log."""

from enum import Enum

import strawberry

Cursor = strawberry.scalar(
    name="Cursor",
    serialize=str,
    parse_value=str,
    description="A place in the log: opaque, given by an update; hand it back to go on behind it.",
)


@strawberry.enum(description="What made a new score necessary.")
class UpdateReason(Enum):
    NEW_DATA = strawberry.enum_value("NEW_DATA", description="Something about the account changed.")
    NEW_MODEL = strawberry.enum_value("NEW_MODEL", description="Another model took over.")
    REQUESTED = strawberry.enum_value("REQUESTED", description="Somebody asked for it.")
    TIME = strawberry.enum_value("TIME", description="The renewal came nearer.")

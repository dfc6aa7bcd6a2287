"""Objects that can be fetched again by their id, and those that several services tell of."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import strawberry

from shared.graphql.scalars import global_id

Account = Annotated["Account", strawberry.lazy("graph.schema")]
Member = Annotated["Member", strawberry.lazy("graph.schema")]


@strawberry.interface(description="Anything that can be fetched again by its id.")
class Node:
    id: strawberry.ID = strawberry.field(description="An opaque id, the same for ever.")


@strawberry.type
class Part(Node):
    """What one service tells of an object that the gateway puts together from all of them."""

    key: strawberry.Private[UUID]
    as_of: strawberry.Private[datetime | None] = None
    """The moment the whole object was asked for; its fields speak of then."""

    @classmethod
    def at(cls, key: UUID, as_of: datetime | None = None) -> Self:
        """The object with that key, as it was known at a moment."""
        return cls(id=global_id(cls.__name__, key), key=key, as_of=as_of)

"""Names of types not yet declared: goes with the last of them."""

# ruff: noqa: F401
from collections.abc import Awaitable
from typing import TypeVar

from shared.graphql.context import Context
from shared.graphql.fields import AsOf
from shared.graphql.objects import Node, Part
from shared.graphql.paging import After, Connection, First, connection
from shared.graphql.payloads import UserError
from shared.graphql.payloads import _user_error as user_error
from shared.graphql.scalars import WideInt, global_id
from shared.graphql.values import MetricValue, Money
from shared.vocabulary.errors import NotPermitted, Refusal, ServiceUnavailable

R = TypeVar("R")


async def attempted(work: Awaitable[R]) -> tuple[R | None, list[UserError]]:
    """A mutation's result, or its refusal as `userErrors`; an absent service is an error."""
    try:
        return await work, []
    except (ServiceUnavailable, NotPermitted):
        raise
    except Refusal as error:
        return None, [user_error(error)]

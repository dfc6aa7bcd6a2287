"""What resolvers stand on: the request's context, batching per tick, ids, payloads and pages."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any, Generic, NewType, Self, TypeVar
from uuid import UUID

import strawberry

from shared.platform.auth import Principal
from shared.process.rpc import Call, Rpc, described
from shared.vocabulary import ids, paging
from shared.vocabulary.errors import Conflict, InvalidInput, NotFound, Refusal
from shared.vocabulary.metric import MetricValue as Metric
from shared.vocabulary.money import Money as Amount

K = TypeVar("K")
V = TypeVar("V")
R = TypeVar("R")
N = TypeVar("N")

WideInt = NewType("WideInt", int)
First = Annotated[int, strawberry.argument(description="How many at most, 1 to 100.")]
After = Annotated[
    str | None, strawberry.argument(description="endCursor of the page before; none: the start.")
]
AsOf = Annotated[
    datetime | None,
    strawberry.argument(description="As it was known then; if omitted, as the object is."),
]


@dataclass(frozen=True, slots=True)
class _Asked:
    """One batch function with one set of further arguments, e.g. an `as_of`."""

    function: Callable[..., Awaitable[Any]]
    arguments: tuple[tuple[str, Any], ...]


@dataclass
class Context:
    """One request: who asks, and the loads that wait for the end of the tick."""

    principal: Principal
    rpc: Rpc
    types: Mapping[str, Callable[[UUID], Any]] = field(default_factory=dict[str, Any])
    loaded: dict[tuple[_Asked, Any], "asyncio.Future[Any]"] = field(default_factory=dict[Any, Any])
    waiting: dict[_Asked, list[Any]] = field(default_factory=dict[Any, Any])
    sent: list["asyncio.Task[None]"] = field(default_factory=list[Any])

    async def load(
        self, batch: Callable[..., Awaitable[dict[K, V]]], key: K, **arguments: Any
    ) -> V | None:
        """Ask `batch` for `key`, together with every sibling field that asks in the same tick.

        All batch functions of one service asked for in one tick travel in one request.
        """
        asked = _Asked(batch, tuple(sorted(arguments.items())))
        future = self.loaded.get((asked, key))
        if future is None:
            future = self._enqueue(asked, key)
        value: V | None = await future
        return value

    async def page(
        self, batch: Callable[..., Awaitable[dict[K, paging.Page[V]]]], key: K, **arguments: Any
    ) -> paging.Page[V]:
        """A page of a list that hangs below `key`; where the batch has none, an empty one."""
        return await self.load(batch, key, **arguments) or paging.Page([], [], has_next=False)

    def again(self) -> Self:
        """The same caller with nothing loaded yet: for the next operation on a socket."""
        return replace(self, loaded={}, waiting={}, sent=[])

    def forget(self) -> None:
        """Drop what was loaded: the next event of a subscription must see the present."""
        self.loaded.clear()

    def object(self, kind: str, key: UUID, as_of: datetime | None = None) -> Any:
        """An object put together by the gateway (Account, Member), as it was known then."""
        found = self.types[kind](key)
        found.as_of = as_of
        return found

    async def call(self, function: Callable[..., Awaitable[R]], *args: Any, **kwargs: Any) -> R:
        """One call that is not batched: a list, a mutation."""
        return await self.rpc.call(self.principal, function, *args, **kwargs)

    def _enqueue(self, asked: _Asked, key: Any) -> "asyncio.Future[Any]":
        loop = asyncio.get_running_loop()
        if not self.waiting:  # two ticks later all siblings of this level have asked
            loop.call_soon(lambda: loop.call_soon(self._send))
        future: asyncio.Future[Any] = loop.create_future()
        self.loaded[asked, key] = future
        self.waiting.setdefault(asked, []).append(key)
        return future

    def _send(self) -> None:
        waiting, self.waiting = self.waiting, dict[_Asked, list[Any]]()
        by_service: dict[str, dict[_Asked, list[Any]]] = {}
        for asked, keys in waiting.items():
            by_service.setdefault(described(asked.function).service, {})[asked] = keys
        self.sent = [asyncio.create_task(self._fetch(asked)) for asked in by_service.values()]

    async def _fetch(self, asked: dict[_Asked, list[Any]]) -> None:
        try:
            calls = [Call.of(a.function, keys, **dict(a.arguments)) for a, keys in asked.items()]
            answers = await self.rpc.batch(self.principal, calls)
        except Refusal as error:
            answers = [error] * len(asked)
        except Exception as error:  # every waiting field must hear of it
            answers = [error] * len(asked)
        for (a, keys), answer in zip(asked.items(), answers, strict=True):
            for key in keys:
                _settle(self.loaded[a, key], answer, key)


def _settle(future: "asyncio.Future[Any]", answer: Any, key: Any) -> None:
    if future.done():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
        future.exception()  # a field that nobody awaits any more is no reason to complain
    else:
        future.set_result(answer.get(key))


def global_id(kind: str, key: UUID) -> strawberry.ID:
    """The opaque id of an object, as the graph's type ID; `shared.vocabulary.ids` reads it back."""
    return strawberry.ID(ids.global_id(kind, key))


@strawberry.interface(description="Anything that can be fetched again by its id.")
class Node:
    id: strawberry.ID = strawberry.field(description="Opaque, the same for ever.")


@strawberry.type
class Part:
    """What one service tells of an object that the gateway puts together from all of them."""

    key: strawberry.Private[UUID]
    as_of: strawberry.Private[datetime | None] = None
    """The moment the whole object was asked for; its fields speak of then."""


@strawberry.type(description="An amount of money in minor units.")
class Money:
    cents: WideInt = strawberry.field(description="Minor units, e.g. cents.")
    currency: str = strawberry.field(description="ISO 4217 code.")

    @classmethod
    def of(cls, amount: Amount) -> "Money":
        return cls(cents=WideInt(amount.cents), currency=amount.currency)


@strawberry.type(
    description="A metric that explains itself: definition, window, numerator, denominator and n."
)
class MetricValue:
    value: float | None = strawberry.field(
        description="The number; null when there is not enough data."
    )
    insufficient_data: bool = strawberry.field(
        description="True when no number can honestly be given."
    )
    definition: str = strawberry.field(description="Id of the definition, e.g. U14.")
    version: int = strawberry.field(description="Version of the definition.")
    n: int = strawberry.field(description="How many things were counted.")
    numerator: float | None = strawberry.field(description="What was divided, where it is a ratio.")
    denominator: float | None = strawberry.field(description="What it was divided by.")
    window_from: datetime | None = strawberry.field(
        name="from", description="Start of the window, inclusive."
    )
    window_to: datetime | None = strawberry.field(
        name="to", description="End of the window, exclusive."
    )
    freshness: datetime | None = strawberry.field(
        description="When the newest row behind it was recorded."
    )

    @classmethod
    def of(cls, metric: Metric) -> "MetricValue":
        return cls(
            value=metric.value,
            insufficient_data=metric.insufficient_data,
            definition=metric.definition,
            version=metric.version,
            n=metric.n,
            numerator=metric.numerator,
            denominator=metric.denominator,
            window_from=metric.window_from,
            window_to=metric.window_to,
            freshness=metric.freshness,
        )


@strawberry.type(description="Why a mutation did not do what was asked.")
class UserError:
    field: str | None = strawberry.field(
        description="The input field, in camelCase; null when it is about the whole."
    )
    code: str = strawberry.field(description="INVALID_INPUT, NOT_FOUND, NOT_PERMITTED or CONFLICT.")
    message: str = strawberry.field(description="For people: the value, and what is allowed.")

    @classmethod
    def of(cls, error: Refusal) -> "UserError":
        return cls(field=getattr(error, "field", None) or None, code=error.code, message=str(error))


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="More follow after endCursor.")
    has_previous_page: bool = strawberry.field(description="Something stands before startCursor.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first edge.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last edge.")


@strawberry.type(description="A place in a list.")
class Edge(Generic[N]):
    node: N = strawberry.field(description="The object.")
    cursor: str = strawberry.field(description="Give it as `after` to go on from here.")


@strawberry.type(description="A page of a list, at most 100 long.")
class Connection(Generic[N]):
    edges: list[Edge[N]] = strawberry.field(description="The objects with their cursors.")
    nodes: list[N] = strawberry.field(description="The objects alone.")
    page_info: PageInfo = strawberry.field(description="Whether more follow.")


def connection(page: paging.Page[Any], nodes: list[N], *, continued: bool = False) -> Connection[N]:
    """A page of rows as a Relay connection of `nodes`, one per row."""
    edges = [Edge(node=node, cursor=place) for node, place in zip(nodes, page.cursors, strict=True)]
    info = PageInfo(
        has_next_page=page.has_next,
        has_previous_page=continued,
        start_cursor=page.cursors[0] if page.cursors else None,
        end_cursor=page.cursors[-1] if page.cursors else None,
    )
    return Connection(edges=edges, nodes=nodes, page_info=info)


async def attempted(work: Awaitable[R]) -> tuple[R | None, list[UserError]]:
    """A mutation's result, or its refusal as `userErrors`; anything else is an error."""
    try:
        return await work, []
    except (NotFound, Conflict, InvalidInput) as error:
        return None, [UserError.of(error)]

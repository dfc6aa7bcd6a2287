"""What resolvers stand on: who asks, and batching per tick."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypeVar

from shared.platform.auth import Principal
from shared.process.rpc import Call, Rpc, describe

K = TypeVar("K")
V = TypeVar("V")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class _Batch:
    """One batch function with one set of further arguments, e.g. an `as_of`."""

    function: Callable[..., Awaitable[Any]]
    arguments: tuple[tuple[str, Any], ...]


@dataclass
class Context:
    """One request: who asks, and the loads that wait for the end of the tick."""

    principal: Principal
    rpc: Rpc
    loaded: dict[tuple[_Batch, Any], "asyncio.Future[Any]"] = field(default_factory=dict[Any, Any])
    waiting: dict[_Batch, list[Any]] = field(default_factory=dict[Any, Any])
    tasks: list["asyncio.Task[None]"] = field(default_factory=list[Any])

    async def load(
        self, batch: Callable[..., Awaitable[dict[K, V]]], key: K, **arguments: Any
    ) -> V | None:
        """Ask `batch` for `key`, together with every sibling field that asks in the same tick.

        All batch functions of one service asked for in one tick travel in one request.
        """
        read = _Batch(batch, tuple(sorted(arguments.items())))
        future = self.loaded.get((read, key))
        if future is None:
            future = self._enqueue(read, key)
        value: V | None = await future
        return value

    def again(self) -> Self:
        """The same caller with nothing loaded yet: for the next operation on a socket."""
        return replace(self, loaded={}, waiting={}, tasks=[])

    def forget(self) -> None:
        """Drop what was loaded: the next event of a subscription must see the present."""
        self.loaded.clear()

    async def call(self, function: Callable[..., Awaitable[R]], *args: Any, **kwargs: Any) -> R:
        """One call that is not batched: a list, a mutation."""
        return await self.rpc.call(self.principal, function, *args, **kwargs)

    def _enqueue(self, read: _Batch, key: Any) -> "asyncio.Future[Any]":
        loop = asyncio.get_running_loop()
        if not self.waiting:  # two ticks later all siblings of this level have asked
            loop.call_soon(lambda: loop.call_soon(self._send))
        future: asyncio.Future[Any] = loop.create_future()
        self.loaded[read, key] = future
        self.waiting.setdefault(read, []).append(key)
        return future

    def _send(self) -> None:
        waiting, self.waiting = self.waiting, dict[_Batch, list[Any]]()
        by_service: dict[str, dict[_Batch, list[Any]]] = {}
        for read, keys in waiting.items():
            by_service.setdefault(describe(read.function).service, {})[read] = keys
        self.tasks = [asyncio.create_task(self._fetch(reads)) for reads in by_service.values()]

    async def _fetch(self, reads: dict[_Batch, list[Any]]) -> None:
        try:
            calls = [Call.of(r.function, keys, **dict(r.arguments)) for r, keys in reads.items()]
            answers = await self.rpc.batch(self.principal, calls)
        except Exception as error:  # every waiting field must hear of it
            answers = [error] * len(reads)
        for (read, keys), answer in zip(reads.items(), answers, strict=True):
            for key in keys:
                _settle(self.loaded[read, key], answer, key)


def _settle(future: "asyncio.Future[Any]", answer: Any, key: Any) -> None:
    if future.done():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
        future.exception()  # a field that nobody awaits any more is no reason to complain
    else:
        future.set_result(answer.get(key))

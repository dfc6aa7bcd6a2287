"""What resolvers stand on: who asks, and batching per tick."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypeVar

from shared.platform.auth import Principal
from shared.process.rpc import Call, Rpc, describe
from shared.vocabulary.errors import Refusal

K = TypeVar("K")
V = TypeVar("V")
R = TypeVar("R")


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

    def again(self) -> Self:
        """The same caller with nothing loaded yet: for the next operation on a socket."""
        return replace(self, loaded={}, waiting={}, sent=[])

    def forget(self) -> None:
        """Drop what was loaded: the next event of a subscription must see the present."""
        self.loaded.clear()

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
            by_service.setdefault(describe(asked.function).service, {})[asked] = keys
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

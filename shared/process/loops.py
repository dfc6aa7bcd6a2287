"""Background loops of a process: each says when it goes round, and whoever asks hears of a halt."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Coroutine
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

MAX_ROUND_S = 60.0
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Loop:
    """One loop, and when it last came round."""

    name: str
    max_round_s: float
    last: float = field(default_factory=time.monotonic)
    task: "asyncio.Task[None] | None" = None

    @property
    def problem(self) -> str | None:
        """Why it can no more be relied on; None as long as it goes round."""
        if self.task is not None and self.task.done():
            return "it has ended"
        silent_s = time.monotonic() - self.last
        return f"no round for {silent_s:.0f} s" if silent_s > self.max_round_s else None


_current: ContextVar[Loop | None] = ContextVar("loop", default=None)


def went_round() -> None:
    """The loop that this is part of has done what it should, once more."""
    loop = _current.get()
    if loop is not None:
        loop.last = time.monotonic()


class Loops:
    """All loops of a process, from here to the end of `async with`."""

    def __init__(self) -> None:
        self.all: list[Loop] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for loop in reversed(self.all):
            if loop.task is not None:
                await cancel(loop.task)

    def start(
        self, name: str, run: Coroutine[Any, Any, None], *, max_round_s: float = MAX_ROUND_S
    ) -> None:
        """Run a loop; it is at a halt when a round takes longer."""
        loop, context = Loop(name, max_round_s), copy_context()
        context.run(_current.set, loop)
        loop.task = asyncio.create_task(run, context=context)
        self.all.append(loop)

    def problems(self) -> list[dict[str, str]]:
        """Loops that do not go round any more, and since when; nothing of any tenant."""
        return [
            {"problem": f"the loop '{loop.name}' is at a halt", "why": loop.problem}
            for loop in self.all
            if loop.problem
        ]


async def cancel(task: "asyncio.Task[None]") -> None:
    """Cancel a background loop and wait for its end."""
    while not task.done():  # a connection that breaks as it is given back hides the cancellation
        task.cancel()
        await asyncio.wait((task,), timeout=1)
    if not task.cancelled() and (error := task.exception()):
        log.error("a background loop had ended", exc_info=error)


async def await_event(event: asyncio.Event, within_s: float) -> None:
    """Wait for an event, or for so long at the most."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await event.wait()

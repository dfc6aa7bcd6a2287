"""Background loops of a process."""

import asyncio
import contextlib
import logging

log = logging.getLogger(__name__)


async def cancel(task: "asyncio.Task[None]") -> None:
    """Cancel a background loop and wait for its end."""
    while not task.done():  # a connection that breaks as it is given back hides the cancellation
        task.cancel()
        await asyncio.wait((task,), timeout=1)
    if not task.cancelled() and (error := task.exception()):
        log.error("a background loop had ended", exc_info=error)


async def happens(event: asyncio.Event, within_s: float) -> None:
    """Wait for an event, or for so long at the most."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await event.wait()

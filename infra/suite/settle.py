"""After a bulk load: wait until every service has heard of it, and let the planner look at it."""

import asyncio
import time
from pathlib import Path

from infra.servers import access
from infra.supervising.terminal import Terminal
from shared.platform.config import Settings

ON_THE_WAY = Path(__file__).with_name("on_the_way.sql")
PATIENCE_S = 300.0


async def settled(settings: Settings, terminal: Terminal) -> None:
    """Wait for what is on the way, at most `PATIENCE_S`; then gather statistics.

    Straight after a load the planner still takes large tables for empty ones, and a query over
    thousands of landmarks takes minutes in place of a second.
    """
    query = ON_THE_WAY.read_text()
    deadline = time.monotonic() + PATIENCE_S
    async with access.owner(settings) as conn:
        while left := await conn.fetchval(query):
            if time.monotonic() > deadline:
                terminal.say(f"tenure: {left} facts are still on the way; going on without them")
                break
            await asyncio.sleep(0.5)
        await conn.execute("SET statement_timeout = 0")
        await conn.execute("VACUUM (ANALYZE)")

"""After a training: wait until every account that should have a score has one."""

import asyncio
import itertools
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from infra.servers import access
from infra.supervising.errors import StartError
from infra.supervising.terminal import Terminal
from shared.platform import auth
from shared.platform.config import Settings
from shared.process.rpc import Call, Rpc, remote
from shared.vocabulary.errors import ServiceUnavailable

SCORED_WITHIN_S = 600.0
PAUSE_S = 0.5
TRIES_PER_LINE = 20


async def wait_for_scores(settings: Settings, terminal: Terminal, log: Path) -> None:
    """Wait until no score is pending; StartError after `SCORED_WITHIN_S`, naming the log."""
    deadline = time.monotonic() + SCORED_WITHIN_S
    async with access.owner(settings) as conn:
        rows = await conn.fetch("SELECT tenant_id, name FROM access.tenant ORDER BY created_at")
    tenants = {row["tenant_id"]: row["name"] for row in rows}
    async with Rpc(settings) as rpc:
        for tries in itertools.count():
            left = await pending_scores(rpc, tenants)
            if not left:
                return
            if time.monotonic() > deadline:
                break
            if tries % TRIES_PER_LINE == TRIES_PER_LINE - 1:
                terminal.say(f"tenure: scores: {left}")
            await asyncio.sleep(PAUSE_S)
    raise StartError(f"Not every account was scored within {SCORED_WITHIN_S:g} s; {log} says why.")


async def pending_scores(rpc: Rpc, tenants: Mapping[UUID, str]) -> str:
    """Which scores of these tenants are still to be made, in words; empty when none is.

    Nobody scores a tenant without a model.
    """
    call = Call(remote("risk.scores.progress", dict[str, Any]), {})
    try:
        progress = {name: await rpc.send(auth.system(key), call) for key, name in tenants.items()}
    except ServiceUnavailable as error:
        return str(error)
    return ", ".join(
        f"{scores['pending']} left in {name}"
        for name, scores in progress.items()
        if scores["has_champion"] and scores["pending"]
    )

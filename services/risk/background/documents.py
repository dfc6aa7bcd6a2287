"""Sees a model's document break or come back, raises the alarm, and says so to who asks."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from ml.scoring.document import ModelUnreadable
from services.risk.domain.queue import UpdateReason
from services.risk.domain.release import KeptChampion, ModelBroken, ModelMended
from services.risk.forecasting.scores import Champions
from services.risk.store import queue as queue_store
from services.risk.store import release as release_store
from shared.platform.db import Conn
from shared.process import facts
from shared.process.worker import WorkerContext


async def check(context: WorkerContext, champions: Champions, now: datetime) -> int:
    """Look at the champion of every tenant as it is kept; how many broke or were mended."""
    async with context.db.read(None) as conn:
        tenants = await release_store.served_tenants(conn)
    moved = 0
    for tenant_id in tenants:
        async with context.db.read(tenant_id) as conn:
            champion = await release_store.kept_champion(conn)
            why = await _broken(conn, champions, champion) if champion else None
            in_fault = await release_store.in_fault(conn)
        if champion and (in_fault != ({champion.version} if why else set())):
            async with context.db.write(tenant_id) as conn:
                await _note(conn, champions, champion, why, now)
            moved += 1
    return moved


async def _broken(conn: Conn, champions: Champions, champion: KeptChampion) -> str | None:
    """Why the champion cannot be read; None if it can."""
    if champion.actual == champion.checksum and champions.knows(champion.checksum):
        return None
    try:
        await champions.read(conn, champion.version, champion.checksum)
    except ModelUnreadable as error:
        return str(error)
    return None


async def _note(
    conn: Conn, champions: Champions, champion: KeptChampion, why: str | None, now: datetime
) -> None:
    """Write down what changed; once whole, the champion scores what others scored meanwhile."""
    mended = await release_store.mend_faults(conn, now, but=champion.version if why else None)
    if why is not None:
        serving = await champions.serving(conn)
        name = serving.version if serving else None
        if await release_store.note_fault(conn, champion.version, now, why, name):
            await facts.emit(conn, champion.model_id, ModelBroken(champion.version, now, why, name))
    elif champion.version in mended:
        await facts.emit(conn, champion.model_id, ModelMended(champion.version, now))
        await queue_store.ask_everyone(conn, UpdateReason.NEW_MODEL)


async def problems(context: WorkerContext) -> list[Mapping[str, str | UUID | datetime | None]]:
    """What the worker's /readyz tells: models that are meant to serve and cannot be read."""
    async with context.db.read(None) as conn:
        found = await release_store.faults(conn)
    return [
        {
            "problem": "model cannot be read",
            "tenant": fault.tenant_id,
            "version": fault.version,
            "why": fault.why,
            "since": fault.noticed_at,
            "serving": fault.serving,
        }
        for fault in found
    ]

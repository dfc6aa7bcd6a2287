"""Notices when a champion's document breaks or comes back, and raises the alarm."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from ml.scoring.document import ModelUnreadable
from services.risk.domain.queue import UpdateReason
from services.risk.domain.release import ChampionDocument, ModelBroken, ModelMended
from services.risk.forecasting.models import Models
from services.risk.store import queue as queue_store
from services.risk.store import release as release_store
from shared.platform.db import Conn
from shared.process import facts
from shared.process.worker import WorkerContext


async def check(context: WorkerContext, models: Models, now: datetime) -> int:
    """Read the champion of every tenant as it is stored; answers how many broke or were mended."""
    async with context.db.read(None) as conn:
        tenants = await release_store.served_tenants(conn)
    changes = 0
    for tenant_id in tenants:
        async with context.db.read(tenant_id) as conn:
            champion = await release_store.champion_document(conn)
            why = await _fault(conn, models, champion) if champion else None
            in_fault = await release_store.in_fault(conn)
        if champion and (in_fault != ({champion.version} if why else set())):
            async with context.db.write(tenant_id) as conn:
                await _record(conn, models, champion, why, now)
            changes += 1
    return changes


async def _fault(conn: Conn, models: Models, champion: ChampionDocument) -> str | None:
    """Why the champion cannot be read; None if it can."""
    if champion.actual == champion.checksum and models.knows(champion.checksum):
        return None
    try:
        await models.read(conn, champion.version, champion.checksum)
    except ModelUnreadable as error:
        return str(error)
    return None


async def _record(
    conn: Conn, models: Models, champion: ChampionDocument, why: str | None, now: datetime
) -> None:
    """Record what changed; once whole, the champion scores what others scored meanwhile."""
    mended = await release_store.mend_faults(conn, now, but=champion.version if why else None)
    if why is not None:
        serving = await models.champion(conn)
        name = serving.version if serving else None
        if await release_store.add_fault(conn, champion.version, now, why, name):
            await facts.emit(conn, champion.model_id, ModelBroken(champion.version, now, why, name))
    elif champion.version in mended:
        await facts.emit(conn, champion.model_id, ModelMended(champion.version, now))
        await queue_store.ask_everyone(conn, UpdateReason.NEW_MODEL)


async def problems(context: WorkerContext) -> list[Mapping[str, str | UUID | datetime | None]]:
    """For the worker's /readyz: models that are meant to serve and cannot be read."""
    async with context.db.read(None) as conn:
        faults = await release_store.faults(conn)
    return [
        {
            "problem": "model cannot be read",
            "tenant": fault.tenant_id,
            "version": fault.version,
            "why": fault.why,
            "since": fault.noticed_at,
            "serving": fault.serving,
        }
        for fault in faults
    ]

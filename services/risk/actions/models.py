"""Publish and promote models."""

from ml.scoring.document import ModelUnreadable, decode
from services.risk.domain.models import ModelVersion
from services.risk.domain.queue import UpdateReason
from services.risk.domain.release import ChampionChanged, Deed
from services.risk.domain.work_lists import MIRROR
from services.risk.store import models as models_store
from services.risk.store import queue as queue_store
from services.risk.store import release as release_store
from services.risk.store import report as report_store
from services.risk.store.locks import lock_release
from shared.platform.auth import Principal
from shared.platform.db import Conn
from shared.process import facts, work
from shared.vocabulary.errors import Conflict, InvalidInput, NotFound
from shared.vocabulary.model_document import ModelDocument


async def publish(conn: Conn, model: ModelDocument, principal: Principal) -> str:
    """Store a trained model and make it the champion, so that every account is scored anew.

    Not exposed: what training offers goes through the gate, `release.offer`.
    """
    await save_model(conn, model)
    await change_champion(conn, model.version, Deed.PUBLISHED, principal)
    return model.version


async def save_model(conn: Conn, model: ModelDocument) -> None:
    """Store a model that is whole; a version names one document for good."""
    try:
        features = decode(model.document, model.checksum).signals
    except ModelUnreadable as error:
        raise InvalidInput(
            "document", model.checksum, f"a whole forecast model: {error}"
        ) from error
    if await models_store.add_model(conn, model, features) != model.checksum:
        raise Conflict(f"version {model.version} was published before with other bytes")
    if model.report is not None:
        await report_store.save(conn, model.version, model.report)


async def promote(
    conn: Conn, version: str, principal: Principal, reason: str | None = None
) -> ModelVersion:
    """Make a published model the champion and have every account scored anew."""
    if version not in await models_store.model_versions(conn, [version]):
        raise NotFound(f"there is no model '{version}'")
    model = await change_champion(conn, version, Deed.PROMOTED, principal, reason)
    await work.mark(conn, MIRROR, [principal.tenant_id])
    return model


async def change_champion(
    conn: Conn, version: str, deed: Deed, principal: Principal, reason: str | None = None
) -> ModelVersion:
    """Let a version score from now on, everyone anew; nothing happens if it does already."""
    await lock_release(conn)
    before, done_by = await release_store.alias(conn, "champion"), principal.subject
    if before != version:
        await release_store.set_alias(conn, "champion", version, deed, done_by, reason)
        if await release_store.alias(conn, "challenger") == version:
            await release_store.set_alias(conn, "challenger", None, Deed.RELEASED, done_by, None)
    model = (await models_store.model_versions(conn, [version]))[version]
    if before != version:
        fact = ChampionChanged(version, before, deed, done_by, reason)
        await facts.emit(conn, model.model_id, fact)
        await queue_store.ask_everyone(conn, UpdateReason.NEW_MODEL)
    return model

"""What risk does: publish and promote models, ask for scores, keep them and tell who listens."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from ml.scoring.document import ModelUnreadable, decode
from services.risk import store
from services.risk.domain import Fresh, ModelVersion, RiskUpdated, UpdateReason
from services.risk.domain.release import MIRROR_LIST, ChampionChanged, Deed
from services.risk.store import release as aliases
from services.risk.store import report as reports
from shared.platform import telemetry
from shared.platform.auth import Principal
from shared.platform.db import Conn
from shared.process import facts, work
from shared.process.facts import LogEntry
from shared.vocabulary.errors import Conflict, InvalidInput, NotFound
from shared.vocabulary.model_document import ModelDocument


async def publish(conn: Conn, model: ModelDocument, principal: Principal) -> str:
    """Keep a trained model and make it the champion, so that every account is scored anew.

    Not exposed: what training offers goes through the gate, `release.offer`.
    """
    principal.require("ml")
    await keep_model(conn, model)
    await crown(conn, model.version, Deed.PUBLISHED, principal.subject)
    return model.version


async def keep_model(conn: Conn, model: ModelDocument) -> None:
    """Keep a model that is whole; a version names one document for good."""
    try:
        features = decode(model.document, model.checksum).signals
    except ModelUnreadable as error:
        raise InvalidInput(
            "document", model.checksum, f"a whole forecast model: {error}"
        ) from error
    if await store.add_model(conn, model, features) != model.checksum:
        raise Conflict(f"version {model.version} was published before with other bytes")
    if model.report is not None:
        await reports.keep(conn, model.version, model.report)


async def promote(
    conn: Conn, version: str, principal: Principal, reason: str | None = None
) -> ModelVersion:
    """Make a published model the champion and have every account scored anew."""
    principal.require("ml")
    if version not in await store.model_versions(conn, [version]):
        raise NotFound(f"there is no model '{version}'")
    await crown(conn, version, Deed.PROMOTED, principal.subject, reason)
    await work.mark(conn, MIRROR_LIST, [principal.tenant_id])
    return (await store.model_versions(conn, [version]))[version]


async def crown(
    conn: Conn, version: str, deed: Deed, done_by: str, reason: str | None = None
) -> None:
    """Let a version score from now on, everyone anew; nothing happens if it does already."""
    await store.take_turn(conn)  # before asking who is known, so that nobody slips in between
    before = await aliases.alias(conn, "champion")
    if before == version:
        return
    await aliases.set_alias(conn, "champion", version, deed, done_by, reason)
    if await aliases.alias(conn, "challenger") == version:
        await aliases.set_alias(conn, "challenger", None, Deed.RELEASED, done_by, None)
    model = (await store.model_versions(conn, [version]))[version]
    told = ChampionChanged(version, before, deed, done_by, reason)
    await facts.emit(conn, model.model_id, told)
    await store.ask(conn, await store.known(conn), UpdateReason.NEW_MODEL)


async def rescore(conn: Conn, principal: Principal, account_ids: list[UUID] | None = None) -> int:
    """Ask for fresh scores of some accounts, or of all; how many were asked for."""
    principal.require("act")
    known = await store.known(conn, account_ids)
    unknown = set(account_ids or ()) - set(known)
    if unknown:
        raise NotFound(f"there is no account {min(unknown)}")
    await store.ask(conn, known, UpdateReason.REQUESTED)
    return len(known)


async def note(conn: Conn, entry: LogEntry) -> None:
    """Another service recorded something about an account: its score may have changed."""
    await store.ask(conn, [entry.account_id], UpdateReason.NEW_DATA)


async def look_again(conn: Conn, account_ids: Sequence[UUID], next_at: datetime) -> None:
    """Time has passed for these accounts; if scoring fails, they come up again at `next_at`."""
    await store.ask(conn, account_ids, UpdateReason.TIME)
    await store.check_again(conn, list(account_ids), next_at)


async def keep(conn: Conn, fresh: Sequence[Fresh]) -> None:
    """Keep scores on new inputs or of a new model, and tell of those that differ enough.

    An answer to the same question is not kept twice. What moves slowly is told once it has moved
    far enough from what listeners heard last.
    """
    before = await store.standing(conn, [one.score.account_id for one in fresh])
    changed = [one for one in fresh if not _served(before, one)]
    if not changed:
        return
    scores = [one.score for one in changed]
    told = [s for s in scores if s.account_id not in before or before[s.account_id].news(s)]
    await store.add(conn, changed)
    await store.serve(conn, scores, [score.account_id for score in told])
    await _tell([RiskUpdated.of(score, before.get(score.account_id)) for score in told], conn)


def _served(before: dict[UUID, store.Standing], one: Fresh) -> bool:
    standing = before.get(one.score.account_id)
    return standing is not None and standing.served(one.score)


async def _tell(updates: Sequence[RiskUpdated], conn: Conn) -> None:
    """One statement for all, in account order as the log wants it."""
    ordered = sorted(updates, key=lambda update: update.account_id)
    await conn.execute(
        "SELECT risk.emit(told.about, $3, told.fact, $4)"
        " FROM unnest($1::uuid[], $2::jsonb[]) WITH ORDINALITY AS told (about, fact, place)"
        " ORDER BY told.place",
        [update.account_id for update in ordered],
        [msgspec.to_builtins(update) for update in ordered],
        RiskUpdated.__name__,
        telemetry.traceparent(),
    )

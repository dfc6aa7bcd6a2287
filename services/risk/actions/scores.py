"""Ask for scores, keep them and tell who listens."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.risk.domain.queue import UpdateReason
from services.risk.domain.scores import Fresh, RiskUpdated, Standing
from services.risk.store import directory
from services.risk.store import queue as queue_store
from services.risk.store import scores as scores_store
from shared.platform.db import Conn
from shared.process import facts
from shared.vocabulary.errors import NotFound


async def rescore(conn: Conn, account_ids: list[UUID] | None = None) -> int:
    """Ask for fresh scores of some accounts, or of all; how many were asked for."""
    known = await directory.accounts(conn, account_ids)
    unknown = set(account_ids or ()) - set(known)
    if unknown:
        raise NotFound(f"there is no account {min(unknown)}")
    await queue_store.ask(conn, known, UpdateReason.REQUESTED)
    return len(known)


async def look_again(conn: Conn, account_ids: Sequence[UUID], next_at: datetime) -> None:
    """Time has passed for these accounts; if scoring fails, they come up again at `next_at`."""
    await queue_store.ask(conn, account_ids, UpdateReason.TIME)
    await queue_store.check_again(conn, list(account_ids), next_at)


async def keep(conn: Conn, fresh: Sequence[Fresh]) -> None:
    """Keep scores on new inputs or of a new model, and tell of those that differ enough.

    An answer to the same question is not kept twice. What moves slowly is told once it has moved
    far enough from what listeners heard last.
    """
    before = await scores_store.standing(conn, [one.score.account_id for one in fresh])
    changed = [one for one in fresh if not _served(before, one)]
    if not changed:
        return
    scores = [one.score for one in changed]
    told = [s for s in scores if s.account_id not in before or before[s.account_id].news(s)]
    await scores_store.add(conn, changed)
    await scores_store.serve(conn, scores, [score.account_id for score in told])
    updates = [RiskUpdated.of(score, before.get(score.account_id)) for score in told]
    await facts.emit_all(conn, [(update.account_id, update) for update in updates])


def _served(before: dict[UUID, Standing], one: Fresh) -> bool:
    standing = before.get(one.score.account_id)
    return standing is not None and standing.served(one.score)

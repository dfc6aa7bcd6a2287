"""Ask for scores, save them and tell those who listen."""

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
    """Ask for fresh scores of some accounts, or of all; answers of how many."""
    accounts = await directory.accounts(conn, account_ids)
    unknown = set(account_ids or ()) - set(accounts)
    if unknown:
        raise NotFound(f"there is no account {min(unknown)}")
    await queue_store.ask(conn, accounts, UpdateReason.REQUESTED)
    return len(accounts)


async def rescore_due(
    conn: Conn, account_ids: Sequence[UUID], reason: UpdateReason, next_at: datetime
) -> None:
    """These accounts are due; if scoring fails, they come up again at `next_at`."""
    await queue_store.ask(conn, account_ids, reason)
    await queue_store.check_again(conn, list(account_ids), next_at)


async def save(conn: Conn, fresh: Sequence[Fresh]) -> None:
    """Save scores on new inputs or of a new model, and tell of those that differ enough.

    The same answer is not saved twice. What moves slowly is told once it has moved far enough from
    what listeners heard last.
    """
    account_ids = [each.score.account_id for each in fresh]
    before = {key: Standing(key) for key in account_ids}
    before |= await scores_store.standing(conn, account_ids)
    changes = [each for each in fresh if not before[each.score.account_id].serves(each.score)]
    if not changes:
        return
    scores = [change.score for change in changes]
    news = [score for score in scores if before[score.account_id].news(score)]
    await scores_store.add(conn, changes)
    await scores_store.serve(conn, scores, [score.account_id for score in news])
    updates = [(s.account_id, RiskUpdated.of(s, before[s.account_id])) for s in news]
    await facts.emit_all(conn, updates)

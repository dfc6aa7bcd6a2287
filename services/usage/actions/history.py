"""How long events are kept one by one: set it, and drop what is past it."""

from collections.abc import Sequence
from uuid import UUID

from services.usage.domain.history import Retention
from services.usage.domain.work_lists import DROP_RAW
from services.usage.store import history, locks
from shared.platform.auth import Principal
from shared.platform.db import Conn
from shared.process import work

DROP_EVERY_S = 86_400.0
MAX_DROPS = 20_000
"""So many events in a transaction; the same accounts come again while there are more."""


async def retention_set(conn: Conn, raw_days: int | None, principal: Principal) -> Retention:
    """Keep events for so many days from now on; null keeps all. Roll-ups stay."""
    Retention(raw_days).check()
    await history.set_retention(conn, raw_days)
    await work.mark(conn, DROP_RAW, [principal.tenant_id])
    return await history.retention(conn)


async def drop_raw(conn: Conn, tenant_id: UUID, keys: Sequence[UUID]) -> None:
    """The tenant's own key is the daily round: it sets the day and asks for every account."""
    accounts = [key for key in keys if key != tenant_id]
    if len(accounts) < len(keys):
        await _round(conn, tenant_id)
    if accounts and await history.drop_raw(conn, accounts, MAX_DROPS) == MAX_DROPS:
        await work.mark(conn, DROP_RAW, accounts)


async def _round(conn: Conn, tenant_id: UUID) -> None:
    retention = await history.retention(conn)
    if retention.raw_days is None:
        return
    await locks.lock_accounts(conn)
    await history.advance(conn)
    await work.mark(conn, DROP_RAW, await history.accounts_with_use(conn))
    await work.mark(conn, DROP_RAW, [tenant_id], delay_s=DROP_EVERY_S)

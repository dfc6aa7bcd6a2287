"""Who waits for whom. Rows are locked in one order everywhere: see migration 0012."""

from uuid import UUID

from shared.platform.db import Conn


async def lock_release(conn: Conn) -> None:
    """Until this transaction ends nobody else begins a training of the tenant, or promotes."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock("
        "hashtextextended('risk.release:' || current_setting('tenure.tenant'), 0))"
    )


async def lock_scores(conn: Conn, account_ids: list[UUID]) -> None:
    """What serves these accounts is changed by this transaction alone."""
    await conn.execute(
        "SELECT FROM risk.latest WHERE account_id = ANY ($1) ORDER BY account_id FOR UPDATE",
        account_ids,
    )

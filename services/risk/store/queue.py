"""Every query on the accounts that wait for a score."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from services.risk.domain.queue import UpdateReason
from services.risk.domain.work_lists import RESCORE
from shared.platform import telemetry
from shared.platform.db import Conn


async def ask(conn: Conn, account_ids: Sequence[UUID], reason: UpdateReason) -> None:
    """Mark these accounts for scoring, and remember why."""
    await conn.execute(
        "SELECT risk.ask($1, $2, $3, $4)",
        list(account_ids),
        reason,
        RESCORE.name,
        telemetry.traceparent(),
    )


async def ask_everyone(conn: Conn, reason: UpdateReason) -> None:
    """Mark every account of the tenant; none becomes known until this transaction ends."""
    await conn.execute(
        "SELECT risk.ask_everyone($1, $2, $3)", reason, RESCORE.name, telemetry.traceparent()
    )


async def check_again(conn: Conn, account_ids: list[UUID], at: datetime) -> None:
    """Have these accounts scored again then, if nothing happens before."""
    await conn.execute(
        "WITH locked AS (SELECT account_id FROM risk.account_seen WHERE account_id = ANY ($1)"
        "  ORDER BY account_id FOR UPDATE)"
        " UPDATE risk.account_seen AS a SET check_again_at = $2"
        " FROM locked WHERE a.account_id = locked.account_id",
        account_ids,
        at,
    )


async def due_again(conn: Conn, max_accounts: int) -> dict[UUID, list[UUID]]:
    """Accounts of every tenant whose time to be scored again has come, by tenant."""
    due: dict[UUID, list[UUID]] = {}
    for row in await conn.fetch("SELECT * FROM risk.due_again($1)", max_accounts):
        due.setdefault(row["tenant_id"], []).append(row["account_id"])
    return due


def a_day_after(moment: datetime, *, stale: bool) -> datetime:
    """When to score again: daily, and soon where a service did not answer."""
    return moment + (timedelta(minutes=5) if stale else timedelta(days=1))

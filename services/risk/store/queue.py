"""Every query on the accounts that wait for a score."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.risk.domain.queue import UpdateReason
from services.risk.domain.work_lists import RESCORE
from shared.platform import telemetry
from shared.platform.db import Conn, Row


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


async def check_again(
    conn: Conn, account_ids: list[UUID], at: datetime, waits_for: Sequence[str] = ()
) -> None:
    """Have these accounts scored again then, or once one of these services answers again."""
    await conn.execute(
        "WITH locked AS (SELECT account_id FROM risk.account_seen WHERE account_id = ANY ($1)"
        "  ORDER BY account_id FOR UPDATE)"
        " UPDATE risk.account_seen AS a SET check_again_at = $2, waits_for = $3"
        " FROM locked WHERE a.account_id = locked.account_id",
        account_ids,
        at,
        list(waits_for),
    )


async def due_again(conn: Conn, max_accounts: int) -> dict[UUID, list[UUID]]:
    """Accounts of every tenant whose time to be scored again has come, by tenant."""
    return _by_tenant(await conn.fetch("SELECT * FROM risk.due_again($1)", max_accounts))


async def awaited_services(conn: Conn) -> list[str]:
    """Services whose last words some score was made from."""
    rows = await conn.fetch("SELECT * FROM risk.awaited_services() AS name ORDER BY name")
    return [row["name"] for row in rows]


async def waiting(conn: Conn, services: Sequence[str], max_accounts: int) -> dict[UUID, list[UUID]]:
    """Accounts of every tenant whose scores wait for one of these services, by tenant."""
    rows = await conn.fetch(
        "SELECT * FROM risk.accounts_waiting($1, $2)", list(services), max_accounts
    )
    return _by_tenant(rows)


def _by_tenant(rows: Sequence[Row]) -> dict[UUID, list[UUID]]:
    accounts: dict[UUID, list[UUID]] = {}
    for row in rows:
        accounts.setdefault(row["tenant_id"], []).append(row["account_id"])
    return accounts

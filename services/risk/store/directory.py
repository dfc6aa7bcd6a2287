"""What other services told: which accounts there are, and how contracts ended."""

from collections.abc import Sequence
from uuid import UUID

from services.risk.domain.hindsight import Ended
from shared.platform.db import Conn


async def accounts(conn: Conn, account_ids: list[UUID] | None = None) -> list[UUID]:
    """Which of these accounts, or which accounts at all, there are."""
    rows = await conn.fetch(
        "SELECT account_id FROM risk.account_seen"
        " WHERE $1::uuid[] IS NULL OR account_id = ANY ($1) ORDER BY account_id",
        account_ids,
    )
    return [row["account_id"] for row in rows]


async def add_ends(conn: Conn, ends: Sequence[Ended]) -> None:
    """How contracts ended; what was noted of them before no longer counts."""
    await conn.execute(
        "INSERT INTO risk.outcome (contract_id, account_id, ended_on, renewed)"
        " SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::date[], $4::boolean[])"
        " ON CONFLICT (tenant_id, contract_id) DO UPDATE"
        " SET (ended_on, renewed, noted_at) = (EXCLUDED.ended_on, EXCLUDED.renewed, now())",
        [each.contract_id for each in ends],
        [each.account_id for each in ends],
        [each.ended_on for each in ends],
        [each.renewed for each in ends],
    )


async def remove_ends(conn: Conn, contract_ids: Sequence[UUID]) -> None:
    """Contracts that are open, maybe again: somebody had been wrong about their end."""
    await conn.execute("DELETE FROM risk.outcome WHERE contract_id = ANY ($1)", list(contract_ids))

"""Every query on what risk knows of accounts and of how contracts ended."""

from collections.abc import Sequence
from uuid import UUID

from services.risk.domain.others import ContractFact
from shared.platform.db import Conn


async def accounts(conn: Conn, account_ids: list[UUID] | None = None) -> list[UUID]:
    """Which of these accounts, or which accounts at all, there are."""
    rows = await conn.fetch(
        "SELECT account_id FROM risk.account_seen"
        " WHERE $1::uuid[] IS NULL OR account_id = ANY ($1) ORDER BY account_id",
        account_ids,
    )
    return [row["account_id"] for row in rows]


async def save_outcomes(conn: Conn, contracts: Sequence[ContractFact]) -> None:
    """Add versions of how contracts ended; earlier ones stay for questions about the past."""
    rows = sorted(contracts, key=lambda contract: (contract.contract_id, contract.recorded_at))
    await conn.execute(
        "INSERT INTO risk.outcome (contract_id, recorded_at, account_id, ended_on, renewed)"
        " SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::date[],"
        " $5::boolean[]) ON CONFLICT DO NOTHING",
        [row.contract_id for row in rows],
        [row.recorded_at for row in rows],
        [row.account_id for row in rows],
        [row.last_on for row in rows],
        [row.renewed for row in rows],
    )

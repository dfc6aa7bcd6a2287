"""What risk keeps of scores already served: their inputs, to make them again."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from services.risk.domain.scores import Inputs, RiskScore
from shared.platform.db import Conn, to


async def inputs(conn: Conn, score_ids: Sequence[UUID]) -> dict[UUID, Inputs]:
    """What the services had told when these scores were made."""
    rows = await conn.fetch(
        "SELECT score_id, inputs FROM risk.score WHERE score_id = ANY ($1)", list(score_ids)
    )
    return {row["score_id"]: msgspec.convert(row["inputs"], Inputs) for row in rows}


async def newest(conn: Conn, most: int) -> list[RiskScore]:
    """The scores made last, of any account, newest first."""
    rows = await conn.fetch(
        "SELECT * FROM risk.score ORDER BY scored_at DESC, score_id DESC LIMIT $1", most
    )
    return [to(RiskScore, row) for row in rows]

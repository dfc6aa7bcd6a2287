"""Every query on scores of the past and the inputs that made them."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from services.risk.domain.inputs import Inputs
from services.risk.domain.scores import RiskScore
from shared.platform.db import Conn, to


async def inputs(conn: Conn, score_ids: Sequence[UUID]) -> dict[UUID, Inputs]:
    """The inputs that these scores were made from."""
    rows = await conn.fetch(
        "SELECT score_id, inputs FROM risk.score WHERE score_id = ANY ($1)", list(score_ids)
    )
    return {row["score_id"]: msgspec.convert(row["inputs"], Inputs) for row in rows}


async def newest(conn: Conn, count: int) -> list[RiskScore]:
    """The scores made last, of any account, newest first."""
    rows = await conn.fetch(
        "SELECT * FROM risk.score ORDER BY scored_at DESC, score_id DESC LIMIT $1", count
    )
    return [to(RiskScore, row) for row in rows]

"""Every query on health: computed at each question from the inputs of the scores served then."""

from datetime import date, datetime
from typing import Final
from uuid import UUID

import msgspec

from services.risk.domain.health import Ending, Health, HealthCheck, health_of
from services.risk.domain.inputs import Inputs
from services.risk.store import scores as scores_store
from shared.platform.db import Conn

MAX_CONTRACTS: Final = 5_000
"""How many contracts a check looks at, the last to end first."""


async def healths(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, Health]:
    """Health by the inputs of the score that serves, or served at `as_of`; absent without one."""
    scores = await scores_store.latest(conn, account_ids, as_of)
    inputs = await scores_store.inputs(conn, [score.score_id for score in scores.values()])
    return {key: health_of(inputs[score.score_id], score.as_of) for key, score in scores.items()}


async def health_check(conn: Conn, days_before: int, since: date, until: date) -> HealthCheck:
    """Contracts that ended within [since, until), by what was served so many days before."""
    rows = await conn.fetch(
        "SELECT o.renewed, s.renewal_probability, s.inputs, s.as_of FROM risk.outcome_now AS o"
        " CROSS JOIN LATERAL (SELECT renewal_probability, inputs, as_of FROM risk.score"
        "  WHERE account_id = o.account_id"
        "   AND scored_at <= (o.ended_on - $1::int)::timestamp AT TIME ZONE 'UTC'"
        "  ORDER BY scored_at DESC, score_id DESC LIMIT 1) AS s"
        " WHERE o.ended_on >= $2 AND o.ended_on < $3 AND s.renewal_probability IS NOT NULL"
        " ORDER BY o.ended_on DESC, o.contract_id LIMIT $4",
        days_before,
        since,
        until,
        MAX_CONTRACTS,
    )
    endings: list[Ending] = []
    for row in rows:
        health = health_of(msgspec.convert(row["inputs"], Inputs), row["as_of"]).value
        if health is not None:
            endings.append(Ending(health, row["renewal_probability"], row["renewed"]))
    return HealthCheck.of(days_before, endings)

"""Every query of the watch: served inputs, first and present scores, matured forecasts."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from services.risk.domain.drift import SPREAD_DAYS, Drift
from shared.platform.db import Conn, to
from shared.vocabulary.model_document import Histogram


async def reference(conn: Conn, version: str) -> dict[str, Histogram]:
    """How each signal was spread when the model was trained; empty where that was not kept."""
    found = await conn.fetchval("SELECT reference FROM risk.model WHERE version = $1", version)
    return msgspec.convert(found or {}, dict[str, Histogram])


async def served_inputs(conn: Conn, most: int) -> list[dict[str, Any]]:
    """What the served scores were made from, of so many accounts at most, chosen by their ids."""
    rows = await conn.fetch(
        "SELECT s.inputs FROM (SELECT tenant_id, score_id FROM risk.latest"
        "  ORDER BY hashtextextended(account_id::text, 0) LIMIT $1) AS l"
        " JOIN risk.score AS s USING (tenant_id, score_id)",
        most,
    )
    return [
        {name: value for part in row["inputs"].values() for name, value in part.items()}
        for row in rows
    ]


async def served_chances(conn: Conn, version: str) -> list[float]:
    """Each account's chance of churn within 90 days as this version serves it now."""
    rows = await conn.fetch("SELECT churn_90 FROM risk.latest WHERE model_version = $1", version)
    return [row["churn_90"] for row in rows]


async def first_chances(conn: Conn, version: str) -> list[float]:
    """The same when this version first spoke of each account, within a week of its first score."""
    rows = await conn.fetch(
        "SELECT DISTINCT ON (account_id) churn_90 FROM risk.score"
        " WHERE model_version = $1 AND scored_at <= $2 + ("
        "  SELECT min(scored_at) FROM risk.score WHERE model_version = $1)"
        " ORDER BY account_id, scored_at",
        version,
        timedelta(days=7),
    )
    return [row["churn_90"] for row in rows]


@dataclass(frozen=True, slots=True)
class Matured:
    """A forecast whose horizon has passed."""

    account_id: UUID
    served_on: date
    chance: float


async def matured(conn: Conn, days: int, as_of: datetime) -> list[Matured]:
    """The newest forecast of each account that is older than so many days, whatever the model."""
    rows = await conn.fetch(
        "SELECT DISTINCT ON (account_id) account_id, scored_at::date AS served_on,"
        " risk.churn_within(curve_days, curve_survival, $1) AS chance FROM risk.score"
        " WHERE scored_at <= $2::timestamptz - make_interval(days => $3::int)"
        " AND scored_at > $2::timestamptz - make_interval(days => $3::int + $4::int)"
        " AND curve_days[cardinality(curve_days)] >= $1 - 1"
        " ORDER BY account_id, scored_at DESC, score_id DESC",
        float(days),
        as_of,
        days,
        SPREAD_DAYS,
    )
    return [to(Matured, row) for row in rows]


async def keep(conn: Conn, drift: Drift) -> None:
    """Keep what the watch saw."""
    await conn.execute(
        "INSERT INTO risk.drift (version, as_of, accounts, features, score_psi, calibration,"
        " alarms) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        drift.version,
        drift.as_of,
        drift.accounts,
        drift.features,
        drift.score_psi,
        drift.calibration,
        drift.alarms,
    )


async def newest(
    conn: Conn, versions: list[str], as_of: datetime | None = None
) -> dict[str, Drift]:
    """What the watch saw last of each version; versions never watched are absent."""
    rows = await conn.fetch(
        "SELECT DISTINCT ON (version) * FROM risk.drift"
        " WHERE version = ANY ($1) AND as_of <= coalesce($2, 'infinity'::timestamptz)"
        " ORDER BY version, as_of DESC",
        versions,
        as_of,
    )
    return {row["version"]: to(Drift, row) for row in rows}

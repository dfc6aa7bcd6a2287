"""Every query of the watch for drift: inputs and scores that serve, and forecasts come due."""

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from services.risk.domain.drift import SPREAD_DAYS, Drift
from services.risk.domain.inputs import feature_row
from shared.platform.db import Conn, to
from shared.vocabulary.landmark import FeatureRow
from shared.vocabulary.model_document import Histogram


async def reference(conn: Conn, version: str) -> dict[str, Histogram]:
    """How each signal was spread when the model was trained; empty where that is unknown."""
    spread = await conn.fetchval("SELECT reference FROM risk.model WHERE version = $1", version)
    return msgspec.convert(spread or {}, dict[str, Histogram])


async def served_inputs(conn: Conn, max_accounts: int) -> list[FeatureRow]:
    """What the served scores were made from; accounts are chosen by their ids."""
    rows = await conn.fetch(
        "SELECT s.inputs FROM (SELECT tenant_id, score_id FROM risk.latest"
        "  ORDER BY hashtextextended(account_id::text, 0) LIMIT $1) AS l"
        " JOIN risk.score AS s USING (tenant_id, score_id)",
        max_accounts,
    )
    return [feature_row(row["inputs"]) for row in rows]


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
class MaturedForecast:
    """A forecast whose horizon has passed."""

    account_id: UUID
    served_on: date
    chance: float


async def matured_forecasts(conn: Conn, days: int, as_of: datetime) -> list[MaturedForecast]:
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
    return [to(MaturedForecast, row) for row in rows]


async def save(conn: Conn, drift: Drift) -> None:
    """Save what the watch saw: fields in their order, which is that of the columns."""
    await conn.execute(
        "INSERT INTO risk.drift (version, as_of, accounts, features, score_psi, calibration,"
        " alarms) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        *(getattr(drift, field.name) for field in fields(drift)),
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

"""Every query on scores and on what serves."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from services.risk.domain import bands as bands_domain
from services.risk.domain.bands import RiskBand
from services.risk.domain.inputs import Inputs
from services.risk.domain.queue import ScoringProgress
from services.risk.domain.scores import AtRisk, Fresh, RiskOrder, RiskScore, Standing
from services.risk.domain.work_lists import RESCORE
from shared.platform.db import Conn, Row, to
from shared.vocabulary import paging
from shared.vocabulary.errors import InvalidInput
from shared.vocabulary.paging import Page

MAX_HORIZON_DAYS = 730


async def latest(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, RiskScore]:
    """The score that serves, or served at `as_of`; absent when there was none, or no contract."""
    if as_of is not None:
        return await _served_at(conn, account_ids, as_of)
    rows = await conn.fetch(
        "SELECT s.* FROM risk.latest AS l JOIN risk.score AS s USING (tenant_id, score_id)"
        " WHERE l.account_id = ANY ($1)",
        account_ids,
    )
    return {row["account_id"]: to(RiskScore, row) for row in rows}


async def _served_at(conn: Conn, account_ids: list[UUID], as_of: datetime) -> dict[UUID, RiskScore]:
    rows = await conn.fetch(
        "SELECT s.* FROM unnest($1::uuid[]) AS asked (id)"
        " CROSS JOIN LATERAL ("
        "  SELECT * FROM risk.score WHERE account_id = asked.id AND scored_at <= $2"
        "  ORDER BY scored_at DESC, score_id DESC LIMIT 1) AS s"
        " WHERE NOT EXISTS (SELECT FROM risk.closing AS c WHERE c.account_id = s.account_id"
        "  AND c.closed_at > s.scored_at AND c.closed_at <= $2)",
        account_ids,
        as_of,
    )
    return {row["account_id"]: to(RiskScore, row) for row in rows}


async def scores(conn: Conn, score_ids: list[UUID]) -> dict[UUID, RiskScore]:
    rows = await conn.fetch("SELECT * FROM risk.score WHERE score_id = ANY ($1)", score_ids)
    return {row["score_id"]: to(RiskScore, row) for row in rows}


async def history(
    conn: Conn,
    account_ids: list[UUID],
    first: int | None = None,
    after: str | None = None,
    as_of: datetime | None = None,
) -> dict[UUID, Page[RiskScore]]:
    """A page of each account's scores, newest first; an account never scored has an empty one."""
    window = paging.window(first, after, datetime, UUID)
    rows = await conn.fetch(
        "SELECT s.* FROM unnest($1::uuid[]) AS asked (id)"
        " CROSS JOIN LATERAL ("
        "  SELECT * FROM risk.score WHERE account_id = asked.id"
        "   AND ($2::timestamptz IS NULL OR (scored_at, score_id) < ($2, $3::uuid))"
        "   AND scored_at <= coalesce($5, 'infinity'::timestamptz)"
        "  ORDER BY scored_at DESC, score_id DESC LIMIT $4) AS s"
        " ORDER BY s.scored_at DESC, s.score_id DESC",
        account_ids,
        *window.bounds,
        as_of,
    )
    scores = [(row["account_id"], to(RiskScore, row)) for row in rows]
    return window.pages(account_ids, scores, lambda score: (score.scored_at, score.score_id))


async def at_risk(
    conn: Conn,
    within_days: int = bands_domain.BAND_DAYS,
    band: RiskBand | None = None,
    order: RiskOrder = RiskOrder.PROBABILITY,
    first: int | None = None,
    after: str | None = None,
) -> Page[AtRisk]:
    """Accounts under contract, the largest chance of churn, or value at risk, first."""
    if not 1 <= within_days <= MAX_HORIZON_DAYS:
        raise InvalidInput("withinDays", within_days, f"1 to {MAX_HORIZON_DAYS}")
    window = paging.window(first, after, float, UUID)
    ranking = await _ranking(conn, within_days, band, order, window.bounds)
    scores = await latest(conn, [row["account_id"] for row in ranking])
    items = [AtRisk(row["account_id"], scores[row["account_id"]]) for row in ranking]
    cursors = [paging.cursor(float(row["rank"]), row["account_id"]) for row in ranking]
    return paging.page(items, window.size, cursors)


async def _ranking(
    conn: Conn, within_days: int, band: RiskBand | None, order: RiskOrder, bounds: tuple[Any, ...]
) -> Sequence[Row]:
    """Account and rank in order; the two orders asked for most walk along an index."""
    if order is RiskOrder.VALUE_AT_RISK:
        return await conn.fetch(
            "SELECT account_id, value_at_risk_cents AS rank FROM risk.latest"
            " WHERE ($1::text IS NULL OR band = $1)"
            " AND ($2::float8 IS NULL OR value_at_risk_cents <= $2::bigint"
            "  AND (value_at_risk_cents < $2::bigint OR account_id > $3::uuid))"
            " ORDER BY value_at_risk_cents DESC, account_id LIMIT $4",
            band,
            *bounds,
        )
    if within_days == bands_domain.BAND_DAYS:
        return await conn.fetch(
            "SELECT account_id, churn_90 AS rank FROM risk.latest"
            " WHERE ($1::text IS NULL OR band = $1)"
            " AND ($2::float8 IS NULL OR churn_90 <= $2"
            "  AND (churn_90 < $2 OR account_id > $3::uuid))"
            " ORDER BY churn_90 DESC, account_id LIMIT $4",
            band,
            *bounds,
        )
    return await conn.fetch(
        "WITH within AS MATERIALIZED ("
        " SELECT account_id, risk.churn_within(curve_days, curve_survival, $5) AS rank"
        " FROM risk.latest WHERE $1::text IS NULL OR band = $1)"
        " SELECT account_id, rank FROM within"
        " WHERE $2::float8 IS NULL OR rank < $2 OR (rank = $2 AND account_id > $3::uuid)"
        " ORDER BY rank DESC, account_id LIMIT $4",
        band,
        *bounds,
        float(within_days),
    )


async def progress(conn: Conn) -> ScoringProgress:
    rows = await conn.fetch(
        "SELECT (SELECT count(*) FROM risk.account_seen) AS accounts_known,"
        " (SELECT count(*) FROM risk.latest) AS scored,"
        " (SELECT count(*) FROM risk.work WHERE list = $1 AND next_at < 'infinity') AS pending,"
        " EXISTS (SELECT FROM risk.model_alias WHERE alias = 'champion') AS has_champion",
        RESCORE.name,
    )
    return to(ScoringProgress, rows[0])


async def standing(conn: Conn, account_ids: list[UUID]) -> dict[UUID, Standing]:
    """What is known of accounts before they are scored again."""
    rows = await conn.fetch(
        "SELECT a.account_id, a.reason, l.model_version, l.inputs_hash,"
        " l.told_renewal_probability, l.told_churn_90, l.told_band"
        " FROM risk.account_seen AS a LEFT JOIN risk.latest AS l USING (tenant_id, account_id)"
        " WHERE a.account_id = ANY ($1)",
        account_ids,
    )
    return {row["account_id"]: to(Standing, row) for row in rows}


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


async def add(conn: Conn, fresh: Sequence[Fresh]) -> None:
    """Store scores with their inputs, for good; their fields are in the order of the columns."""
    columns = fields(RiskScore)
    await conn.executemany(
        "INSERT INTO risk.score (score_id, account_id, as_of, scored_at, model_version, reason,"
        " renewal_on, renewal_probability, renewal_low, renewal_high,"
        " curve_days, curve_survival, curve_low, curve_high, churn_90, band, mrr_cents, currency,"
        " drivers, driven_probability, driven_days, reference_probability,"
        " inputs_hash, stale_inputs, unlike_training, causes, basis, inputs)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,"
        " $19, $20, $21, $22, $23, $24, $25, $26, $27, $28)",
        [(*(getattr(new.score, field.name) for field in columns), new.inputs) for new in fresh],
    )


async def serve(conn: Conn, scores: Sequence[RiskScore], news: Sequence[UUID]) -> None:
    """Make these the scores that serve; listeners hear of the accounts in `news`."""
    values_at_risk = [score.value_at_risk for score in scores]
    await conn.execute(
        "INSERT INTO risk.latest AS l (account_id, score_id, model_version, inputs_hash, band,"
        " churn_90, value_at_risk_cents, curve_days, curve_survival,"
        " told_renewal_probability, told_churn_90, told_band)"
        " SELECT s.account_id, s.score_id, s.model_version, s.inputs_hash, s.band, s.churn_90,"
        "  amount.cents, s.curve_days, s.curve_survival, s.renewal_probability, s.churn_90, s.band"
        " FROM unnest($1::uuid[], $2::bigint[]) AS amount (score_id, cents)"
        " JOIN risk.score AS s USING (score_id) ORDER BY s.account_id"
        " ON CONFLICT (tenant_id, account_id) DO UPDATE SET"
        " (score_id, model_version, inputs_hash, band, churn_90, value_at_risk_cents, curve_days,"
        "  curve_survival) = (EXCLUDED.score_id, EXCLUDED.model_version, EXCLUDED.inputs_hash,"
        "  EXCLUDED.band, EXCLUDED.churn_90, EXCLUDED.value_at_risk_cents, EXCLUDED.curve_days,"
        "  EXCLUDED.curve_survival),"
        " told_renewal_probability = CASE WHEN l.account_id = ANY ($3)"
        "  THEN EXCLUDED.told_renewal_probability ELSE l.told_renewal_probability END,"
        " told_churn_90 = CASE WHEN l.account_id = ANY ($3)"
        "  THEN EXCLUDED.told_churn_90 ELSE l.told_churn_90 END,"
        " told_band = CASE WHEN l.account_id = ANY ($3)"
        "  THEN EXCLUDED.told_band ELSE l.told_band END",
        [score.score_id for score in scores],
        [value.cents if value else 0 for value in values_at_risk],
        list(news),
    )


async def close(conn: Conn, account_ids: list[UUID], at: datetime) -> None:
    """Stop serving scores of accounts without an open contract; their history stays."""
    await conn.execute(
        "WITH gone AS (DELETE FROM risk.latest WHERE account_id = ANY ($1) RETURNING account_id)"
        " INSERT INTO risk.closing (account_id, closed_at) SELECT account_id, $2 FROM gone",
        account_ids,
        at,
    )

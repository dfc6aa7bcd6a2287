"""Every query on the reports of models."""

from dataclasses import dataclass
from datetime import datetime

from shared.platform.db import Conn, to
from shared.vocabulary.evidence import Evidence
from shared.vocabulary.model_document import ModelReport


@dataclass(frozen=True, slots=True)
class Card:
    """A model's card, its limits one by one, and the figures behind both."""

    version: str
    card: str
    limits: list[str]
    evidence: Evidence | None


async def save(conn: Conn, version: str, report: ModelReport) -> None:
    """Save a model's report; the first one stays."""
    await conn.execute(
        "INSERT INTO risk.model_report (version, page, card, limits, evidence)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant_id, version) DO NOTHING",
        version,
        report.page,
        report.card,
        report.limits,
        report.evidence,
    )


async def cards(conn: Conn, versions: list[str], as_of: datetime | None = None) -> dict[str, Card]:
    """Cards by version; models without a report are absent."""
    rows = await conn.fetch(
        "SELECT version, card, limits, evidence FROM risk.model_report"
        " WHERE version = ANY ($1) AND kept_at <= coalesce($2, 'infinity'::timestamptz)",
        versions,
        as_of,
    )
    return {row["version"]: to(Card, row) for row in rows}


async def report_page(conn: Conn, version: str) -> bytes | None:
    """The page as it was made; None where there is none."""
    page: bytes | None = await conn.fetchval(
        "SELECT page FROM risk.model_report WHERE version = $1", version
    )
    return page

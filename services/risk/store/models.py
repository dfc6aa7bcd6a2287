"""Every query on models and their documents."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.risk.domain.models import ModelVersion
from shared.platform.db import Conn, to
from shared.vocabulary import paging
from shared.vocabulary.model_document import ModelDocument
from shared.vocabulary.paging import Page


async def models(
    conn: Conn, first: int | None = None, after: str | None = None
) -> Page[ModelVersion]:
    """Published models, newest first."""
    window = paging.window(first, after, datetime, UUID)
    rows = await conn.fetch(
        "SELECT * FROM risk.model_version"
        " WHERE $1::timestamptz IS NULL OR (published_at, model_id) < ($1, $2::uuid)"
        " ORDER BY published_at DESC, model_id DESC LIMIT $3",
        *window.bounds,
    )
    models = [to(ModelVersion, row) for row in rows]
    return window.page(models, lambda model: (model.published_at, model.model_id))


async def model_versions(
    conn: Conn, versions: list[str], as_of: datetime | None = None
) -> dict[str, ModelVersion]:
    """Models by version, with the roles that they held."""
    rows = await conn.fetch(
        "SELECT * FROM risk.models_at(coalesce($2, 'infinity'::timestamptz))"
        " WHERE version = ANY ($1)",
        versions,
        as_of,
    )
    return {row["version"]: to(ModelVersion, row) for row in rows}


async def models_by_id(conn: Conn, model_ids: list[UUID]) -> dict[UUID, ModelVersion]:
    rows = await conn.fetch("SELECT * FROM risk.model_version WHERE model_id = ANY ($1)", model_ids)
    return {row["model_id"]: to(ModelVersion, row) for row in rows}


async def champion(conn: Conn) -> ModelVersion | None:
    """The model that is meant to score; None before the first was published."""
    row = await conn.fetchrow("SELECT * FROM risk.model_version WHERE 'champion' = ANY (aliases)")
    return to(ModelVersion, row) if row else None


async def add_model(conn: Conn, model: ModelDocument, features: Sequence[str]) -> str:
    """Store a model, once; the checksum of what is stored under this version."""
    await conn.execute(
        "INSERT INTO risk.model (version, document, checksum, trained_at, data_from, data_to,"
        " accounts, events, metrics, features, judged_document, reference)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
        " ON CONFLICT (tenant_id, version) DO NOTHING",
        model.version,
        model.document,
        model.checksum,
        model.trained_at,
        model.data_from,
        model.data_to,
        model.accounts,
        model.events,
        model.metrics,
        list(features),
        model.judged_document,
        model.reference,
    )
    checksum: str = await conn.fetchval(
        "SELECT checksum FROM risk.model WHERE version = $1", model.version
    )
    return checksum


async def champions(conn: Conn) -> list[tuple[str, str]]:
    """Version and checksum of the last five champions, newest first."""
    rows = await conn.fetch(
        "SELECT version, checksum FROM risk.model_alias JOIN risk.model USING (tenant_id, version)"
        " WHERE alias = 'champion' ORDER BY set_at DESC LIMIT 5"
    )
    return [(row["version"], row["checksum"]) for row in rows]


async def document(conn: Conn, version: str) -> bytes:
    """A model's document as it is stored; whoever reads it checks it."""
    row = await conn.fetchrow("SELECT document FROM risk.model WHERE version = $1", version)
    return row["document"] if row else b""

"""Tenants and API keys, kept by the role that owns the schemas."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from infra.servers import external
from infra.supervising.errors import StartError
from shared.platform import auth
from shared.platform.config import Settings
from shared.platform.db import Conn, to

DEVELOPMENT = "development"


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A key as it is shown: whose it is, what it may do, whether it still works."""

    key_id: UUID
    tenant: str
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created_at: datetime
    revoked_at: datetime | None


@asynccontextmanager
async def owner(settings: Settings) -> AsyncGenerator[Conn]:
    """A connection as the owner of the schemas; StartError when there is none to be had."""
    conn = await _sign_in(settings)
    try:
        yield conn
    finally:
        await conn.close()


async def _sign_in(settings: Settings) -> Conn:
    if settings.database_url:
        return (await external.sign_in(settings.database_url))[0]
    try:
        return await asyncpg.connect(settings.owner_database_url, timeout=10)
    except asyncpg.InvalidAuthorizationSpecificationError as error:
        raise StartError(
            f"The database in {settings.data_dir} was made with another secret: bring back the "
            f"file {settings.data_dir / 'secret'} (or TENURE_SECRET) that belongs to it."
        ) from error
    except OSError as error:
        raise StartError(
            "PostgreSQL does not answer; start everything with `tenure up` first, "
            "or set TENURE_DATABASE_URL."
        ) from error


async def development_key(conn: Conn, tenant: str, *, again: bool = False) -> str | None:
    """A key for the tenant, made if need be; None if it has one, unless asked for again."""
    tenant_id = await auth.create_tenant(conn, tenant)
    exists = await conn.fetchval(
        "SELECT true FROM access.api_key WHERE tenant_id = $1 AND name = $2", tenant_id, DEVELOPMENT
    )
    if exists and not again:
        return None
    _, secret = await auth.create_key(conn, tenant_id, DEVELOPMENT, auth.SCOPES)
    return secret


async def keys(conn: Conn, tenant: str | None) -> list[ListedKey]:
    """Every key, or a tenant's, oldest first."""
    rows = await conn.fetch(
        "SELECT k.key_id, t.name AS tenant, k.name, k.prefix, k.scopes, k.created_at, k.revoked_at"
        " FROM access.api_key AS k JOIN access.tenant AS t USING (tenant_id)"
        " WHERE $1::text IS NULL OR t.name = $1 ORDER BY t.name, k.created_at, k.key_id",
        tenant,
    )
    return [to(ListedKey, row) for row in rows]

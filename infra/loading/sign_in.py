"""A key of our own for as long as a load takes."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from infra.servers import access
from shared.platform import auth
from shared.platform.config import Settings

SCOPES = ("ingest", "admin")


@asynccontextmanager
async def tenant_key(settings: Settings, tenant: str) -> AsyncGenerator[str]:
    """A new key of the named tenant, which is made if need be; revoked at the end.

    Only whoever holds the installation's secret gets one: it is made as the schemas' owner.
    """
    async with access.owner(settings) as conn:
        tenant_id = await auth.create_tenant(conn, tenant)
        key, secret = await auth.create_key(conn, tenant_id, "loading", SCOPES)
    try:
        yield secret
    finally:
        async with access.owner(settings) as conn:
            await auth.revoke_key(conn, key.key_id)

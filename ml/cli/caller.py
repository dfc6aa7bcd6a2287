"""For which tenant a command works: the one named, or that of a key."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import click

from shared.platform.auth import Keys, Principal, find_tenant, system
from shared.platform.config import Settings
from shared.platform.db import connect
from shared.process.rpc import Rpc
from shared.vocabulary.errors import InvalidInput, ServiceUnavailable


def whose(scope: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The options that say for which tenant."""
    tenant = click.option("--tenant", help="Name or id of the tenant; without it, the key's.")
    words = f"API key with the scope {scope}; its tenant is meant."
    key = click.option("--key", envvar="TENURE_KEY", help=words)
    return lambda command: tenant(key(command))


@asynccontextmanager
async def calling(
    tenant: str | None, key: str | None, scope: str
) -> AsyncGenerator[tuple[Rpc, Principal]]:
    """The services, and in whose name they are asked."""
    settings = Settings.from_env()
    principal = await caller(settings, tenant, key, scope)
    async with Rpc(settings) as rpc:
        yield rpc, principal


async def caller(settings: Settings, tenant: str | None, key: str | None, scope: str) -> Principal:
    """Our own process, acting for the tenant named or for the key's."""
    if tenant is None and key is None:
        raise InvalidInput("name a tenant with --tenant, or give a key with --key or TENURE_KEY")
    role = settings.owner_database_url if tenant else settings.service_database_url("access")
    try:
        async with connect(role, max_size=1) as db, db.read(None) as conn:
            if tenant:
                return system(await find_tenant(conn, tenant))
    except OSError as error:
        raise ServiceUnavailable(
            "PostgreSQL does not answer; start everything with `tenure up` first, "
            "or set TENURE_DATABASE_URL"
        ) from error
    async with connect(role, max_size=1) as db:
        holder = await Keys(db).principal(key or "")
    holder.require(scope)
    return system(holder.tenant_id)

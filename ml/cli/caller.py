"""For which tenant a command works: the one named, or that of a key."""

from shared.platform.auth import Keys, Principal, find_tenant, system
from shared.platform.config import Settings
from shared.platform.db import connect
from shared.vocabulary.errors import InvalidInput, ServiceUnavailable


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

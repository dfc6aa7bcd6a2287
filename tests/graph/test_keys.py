"""API keys through the graph: shown once, seen by their tenant alone, ended within seconds."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from shared.platform.auth import Keys, Principal, create_tenant
from shared.platform.config import Settings
from shared.platform.db import Conn
from shared.vocabulary.errors import Conflict, InvalidInput, NotPermitted
from tests.conftest import DatabaseOf
from tests.graph.processes import Suite, of

CREATE = """mutation {
  apiKeyCreate(input: {name: "ci", scopes: ["read"]}) {
    apiKey { id prefix scopes revokedAt } secret userErrors { field message }
  }
}"""


@pytest.fixture
async def suite(settings: Settings, database: DatabaseOf) -> Suite:
    return await of(settings, database)


async def created(suite: Suite, principal: Principal) -> Any:
    data, _ = await suite.ask(principal, CREATE)
    return data["apiKeyCreate"]


async def test_a_key_works_until_it_is_revoked(suite: Suite, principal: Principal) -> None:
    key = await created(suite, principal)
    holder = await Keys(suite.access).principal(key["secret"])
    assert (holder.tenant_id, holder.scopes) == (principal.tenant_id, ("read",))
    assert key["secret"].startswith(f"tnr_{key['apiKey']['prefix']}_")

    ended = f'mutation {{ apiKeyRevoke(input: {{id: "{key["apiKey"]["id"]}"}}) '
    data, _ = await suite.ask(principal, ended + "{ apiKey { revokedAt } userErrors { code } } }")

    assert data["apiKeyRevoke"]["apiKey"]["revokedAt"]
    with pytest.raises(NotPermitted):
        await Keys(suite.access).principal(key["secret"])


async def test_an_unknown_scope_is_named(suite: Suite, principal: Principal) -> None:
    data, _ = await suite.ask(principal, CREATE.replace('"read"', '"root"'))
    (error,) = data["apiKeyCreate"]["userErrors"]
    assert error["field"] == "scopes"
    assert "root" in error["message"]


async def test_another_tenant_neither_sees_nor_ends_a_key(
    suite: Suite, principal: Principal, other_tenant: UUID
) -> None:
    key = await created(suite, principal)
    rival = Principal(other_tenant, "rival", ("admin",))
    ended = f'mutation {{ apiKeyRevoke(input: {{id: "{key["apiKey"]["id"]}"}}) '

    listed, _ = await suite.ask(rival, "{ apiKeys { id } }")
    data, _ = await suite.ask(rival, ended + "{ apiKey { id } userErrors { code } } }")

    assert listed == {"apiKeys": []}
    assert data["apiKeyRevoke"]["userErrors"] == [{"code": "NOT_FOUND"}]
    assert await Keys(suite.access).principal(key["secret"])


async def test_keys_need_the_scope_admin(suite: Suite, principal: Principal) -> None:
    reader = Principal(principal.tenant_id, "reader", ("read",))
    result = await suite.run(reader, "{ apiKeys { id } }")
    assert [type(error.original_error) for error in result.errors or []] == [NotPermitted]


async def test_no_key_is_one_of_our_own_processes(
    suite: Suite, principal: Principal, owner: Conn
) -> None:
    data, _ = await suite.ask(principal, CREATE.replace('"read"', '"system"'))
    assert data["apiKeyCreate"]["userErrors"][0]["field"] == "scopes"
    await created(suite, principal)
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute("UPDATE access.api_key SET scopes = '{system}'")


ZONE = """mutation {
  tenantTimeZoneSet(input: {timeZone: "ZONE"}) { timeZone userErrors { field code message } }
}"""


async def test_the_zone_of_a_new_tenant_is_checked_and_no_other_is_taken_for_it(
    owner: Conn,
) -> None:
    with pytest.raises(InvalidInput, match="Mars/Olympus"):
        await create_tenant(owner, "acme", "Mars/Olympus")
    tenant = await create_tenant(owner, "acme", "Europe/Berlin")
    assert await create_tenant(owner, "acme") == tenant
    with pytest.raises(Conflict, match="Europe/Berlin"):
        await create_tenant(owner, "acme", "UTC")


async def test_days_begin_in_the_zone_that_was_set_until_use_was_counted(
    suite: Suite, principal: Principal
) -> None:
    async def zone(name: str) -> Any:
        data, _ = await suite.ask(principal, ZONE.replace("ZONE", name))
        return data["tenantTimeZoneSet"]

    assert (await zone("Mars/Olympus"))["userErrors"][0]["field"] == "timeZone"
    for name in ("Europe/Berlin", "America/New_York"):
        assert await zone(name) == {"timeZone": name, "userErrors": []}
    async with suite.access.read(principal.tenant_id) as conn:
        assert await conn.fetchval("SELECT time_zone FROM access.tenant") == "America/New_York"

    async with suite.databases["usage"].write(principal.tenant_id) as conn:
        await conn.execute(
            "INSERT INTO usage.daily VALUES ($1, gen_random_uuid(), '2026-01-01', 'ann', 'report',"
            " '2026-01-01', 1, 1, now(), now())",
            principal.tenant_id,
        )
    (error,) = (await zone("UTC"))["userErrors"]
    assert error["code"] == "CONFLICT"
    assert "America/New_York" in error["message"]
    assert (await zone("America/New_York"))["userErrors"] == []

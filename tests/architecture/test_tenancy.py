"""The catalogue itself says that no tenant can see another's rows."""

import pytest

from shared.platform.config import SCHEMAS, SERVICES
from shared.platform.db import Conn
from tests.conftest import DatabaseOf

WITHOUT_TENANT = {"migration", "consumer_offset", "log_head", "restore"}
DEFINERS = {
    "relay_step", "log_positions", "log_end", "claim_work", "renew_work", "work_pending",
    "due_again", "key_holder", "served_tenants", "open_faults", "retry_tenants",
    "given_up", "awaited_services", "accounts_waiting",
}  # fmt: skip
CLOSED = {"migration", "log_head"}


async def test_every_table_and_partition_has_forced_row_level_security(owner: Conn) -> None:
    rows = await owner.fetch(
        "SELECT c.oid::regclass::text AS name FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE nspname = ANY ($1) AND relkind IN ('r', 'p') AND relname <> 'migration'"
        " AND NOT (relrowsecurity AND relforcerowsecurity)",
        list(SCHEMAS),
    )
    assert [row["name"] for row in rows] == []


async def test_every_table_leads_its_key_with_the_tenant(owner: Conn) -> None:
    rows = await owner.fetch(
        "SELECT c.oid::regclass::text AS name, relname FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE nspname = ANY ($1) AND relkind IN ('r', 'p') AND NOT EXISTS ("
        "  SELECT 1 FROM pg_attribute a"
        "  WHERE attrelid = c.oid AND attname = 'tenant_id' AND attnotnull)",
        list(SCHEMAS),
    )
    assert {row["relname"] for row in rows} <= WITHOUT_TENANT


async def test_tenant_tables_show_rows_only_under_a_tenant_policy(owner: Conn) -> None:
    rows = await owner.fetch(
        "SELECT schemaname || '.' || tablename AS name, qual FROM pg_policies"
        " WHERE schemaname = ANY ($1) AND policyname NOT IN ('of_owner', 'of_service')",
        list(SCHEMAS),
    )
    assert rows
    assert all("tenure.tenant" in row["qual"] and "tenant_id" in row["qual"] for row in rows)


async def test_no_plain_view_goes_round_the_policies(owner: Conn) -> None:
    rows = await owner.fetch(
        "SELECT c.oid::regclass::text AS name FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE nspname = ANY ($1) AND (relkind = 'm' OR (relkind = 'v'"
        "  AND NOT coalesce('security_invoker=true' = ANY (reloptions), false)))",
        list(SCHEMAS),
    )
    assert [row["name"] for row in rows] == []


async def test_application_roles_own_nothing_and_bypass_nothing(owner: Conn) -> None:
    rows = await owner.fetch(
        "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb,"
        " (SELECT count(*) FROM pg_class WHERE relowner = r.oid) AS owned"
        " FROM pg_roles r WHERE rolname LIKE 'tenure\\_%'"
    )
    assert {row["rolname"] for row in rows} == {f"tenure_{schema}" for schema in SCHEMAS}
    for row in rows:
        assert not any(
            row[right] for right in ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb")
        )
        assert row["owned"] == 0


async def test_definer_functions_are_few_and_pin_their_search_path(owner: Conn) -> None:
    rows = await owner.fetch(
        "SELECT proname, proconfig FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace"
        " WHERE nspname = ANY ($1) AND prosecdef",
        list(SCHEMAS),
    )
    assert {row["proname"] for row in rows} == DEFINERS
    assert all(any("search_path" in setting for setting in row["proconfig"]) for row in rows)


@pytest.mark.parametrize("schema", SERVICES)
async def test_a_role_reaches_no_other_schema(schema: str, owner: Conn) -> None:
    others = [other for other in SCHEMAS if other != schema]
    reachable = await owner.fetch(
        "SELECT s FROM unnest($2::text[]) AS s WHERE has_schema_privilege($1, s, 'USAGE')",
        f"tenure_{schema}",
        others,
    )
    assert [row["s"] for row in reachable] == []


async def test_without_a_tenant_there_are_no_rows(database: DatabaseOf, owner: Conn) -> None:
    db = await database("access")
    async with db.read(None) as conn:
        assert await conn.fetchval("SELECT count(*) FROM access.tenant") == 0


async def test_closed_tables_are_closed(database: DatabaseOf, owner: Conn) -> None:
    for schema in SERVICES:
        for table in CLOSED:
            allowed = await owner.fetchval(
                "SELECT has_table_privilege($1, $2, 'SELECT')",
                f"tenure_{schema}",
                f"{schema}.{table}",
            )
            assert not allowed

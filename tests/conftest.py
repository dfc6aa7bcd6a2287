"""A real PostgreSQL for the whole run; every test finds its database empty."""

import asyncio
import contextlib
import os
import secrets
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import asyncpg
import hypothesis
import pytest
from hypothesis import HealthCheck

from infra.servers.embedded import start_postgres
from infra.supervising.program import port_taken
from shared.platform import auth
from shared.platform.auth import Principal
from shared.platform.config import Settings
from shared.platform.db import Conn, Database, connect
from shared.platform.migrate import migrate_all

DatabaseOf = Callable[[str], Awaitable[Database]]

PORTS_IN_A_ROW = 20
# Several processes may share the tests; each has a PostgreSQL and ports of its own.
PROCESS = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
PROCESSES = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
PORTS_EACH = 22_000 // PROCESSES

# A suite in the background inherits an ignored Ctrl-C, and so would the stacks it stops by one.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine is slow at times, and a database serves all examples of a test.
hypothesis.settings.register_profile(
    "tenure",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
hypothesis.settings.load_profile("tenure")

LEFT_BEHIND = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
# Cloning a template for every test would take fifty times as long.
EMPTIED = """
DO $$
DECLARE
  filled text := (
    SELECT string_agg(c.oid::regclass::text, ', ') FROM pg_class c
    JOIN pg_roles r ON rolname = 'tenure_' || c.relnamespace::regnamespace
    WHERE relkind = 'r' AND relname NOT IN ('migration', 'log_head') AND pg_relation_size(c.oid) > 0
  );
  head regclass;
BEGIN
  IF filled IS NOT NULL THEN EXECUTE 'TRUNCATE ' || filled || ' RESTART IDENTITY CASCADE'; END IF;
  FOR head IN SELECT oid FROM pg_class WHERE relname = 'log_head' LOOP
    EXECUTE format('UPDATE %s SET position = 0', head);
  END LOOP;
END $$
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts every process comes first, side by side: it is started once, and never last."""
    items.sort(key=lambda item: "stack" not in item.keywords)


def free_port() -> int:
    """A port with the nineteen after it free; none of those the system itself hands out."""
    while True:
        first = 10_000 + PROCESS * PORTS_EACH + secrets.randbelow(PORTS_EACH - PORTS_IN_A_ROW)
        if not any(port_taken("127.0.0.1", first + step) for step in range(PORTS_IN_A_ROW)):
            return first


def for_test(data_dir: Path) -> Settings:
    """Settings of an installation of its own."""
    env = {"TENURE_DATA_DIR": str(data_dir), "TENURE_PORT": str(free_port())}
    return Settings.from_env(env, begins=True)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """An embedded PostgreSQL with a migrated database, for all tests."""
    settings = for_test(tmp_path_factory.mktemp("server"))
    with start_postgres(settings, durable=False, keep=False):
        asyncio.run(migrate_all(settings))
        yield settings


@pytest.fixture
async def settings(server: Settings) -> Settings:
    """Settings whose database is as the migrations leave it, whatever an earlier test did."""
    conn = await asyncpg.connect(server.owner_database_url)
    await conn.execute(LEFT_BEHIND)
    await conn.execute(EMPTIED)
    await conn.close()
    return replace(server, database_url=server.owner_database_url, port=free_port())


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[DatabaseOf]:
    """`await database("billing")`: a pool as that service's own role."""
    async with contextlib.AsyncExitStack() as stack:

        async def of(schema: str) -> Database:
            return await stack.enter_async_context(connect(settings.service_database_url(schema)))

        yield of


@pytest.fixture
async def owner(settings: Settings) -> AsyncIterator[Conn]:
    """A connection that sees everything, for looking behind the scenes."""
    conn = await asyncpg.connect(settings.owner_database_url)
    yield conn
    await conn.close()


@pytest.fixture
async def tenant(owner: Conn) -> UUID:
    """A tenant of this test."""
    return await auth.create_tenant(owner, "acme")


@pytest.fixture
async def other_tenant(owner: Conn) -> UUID:
    """Somebody else's tenant, who must never see the first one's rows."""
    return await auth.create_tenant(owner, "rival")


@pytest.fixture
def principal(tenant: UUID) -> Principal:
    """A caller of the tenant who may do everything."""
    return Principal(tenant, "test", auth.SCOPES)

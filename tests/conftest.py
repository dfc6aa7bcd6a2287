"""A real PostgreSQL for the whole run; every test gets a migrated clone and tenants of its own."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import asyncpg
import pytest

from infra.embedded import start_postgres
from shared import auth
from shared.auth import Principal
from shared.config import Settings
from shared.db import Conn, Database, connected
from shared.migrate import migrate_all

DatabaseOf = Callable[[str], Awaitable[Database]]

PORTS_IN_A_ROW = 20
TEMPLATE = "tenure_template"


def free_port() -> int:
    """The first of twenty free ports in a row, as `TENURE_PORT` wants them."""
    for _ in range(100):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            first: int = probe.getsockname()[1]
        if first < 65_000 and all(_is_free(first + step) for step in range(PORTS_IN_A_ROW)):
            return first
    raise OSError("no twenty free ports in a row")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def on(url: str, database: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def for_test(data_dir: Path) -> Settings:
    """Settings of an installation of its own."""
    return Settings.from_env({"TENURE_DATA_DIR": str(data_dir), "TENURE_PORT": str(free_port())})


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """An embedded PostgreSQL with a migrated template database."""
    settings = for_test(tmp_path_factory.mktemp("server"))
    with start_postgres(settings, durable=False, keep=False):
        asyncio.run(_make_template(settings))
        yield settings


async def _make_template(settings: Settings) -> None:
    conn = await asyncpg.connect(settings.owner_database_url)
    await conn.execute(f"CREATE DATABASE {TEMPLATE}")
    await conn.close()
    await migrate_all(replace(settings, database_url=on(settings.owner_database_url, TEMPLATE)))


@pytest.fixture
async def settings(server: Settings) -> AsyncIterator[Settings]:
    """Settings whose database is a fresh clone of the template; gone after the test."""
    name = f"t_{uuid4().hex}"
    conn = await asyncpg.connect(server.owner_database_url)
    await conn.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
    yield replace(server, database_url=on(server.owner_database_url, name), port=free_port())
    await conn.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await conn.close()


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[DatabaseOf]:
    """`await database("billing")`: a pool as that service's own role."""
    async with contextlib.AsyncExitStack() as stack:

        async def of(schema: str) -> Database:
            return await stack.enter_async_context(connected(settings.service_database_url(schema)))

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

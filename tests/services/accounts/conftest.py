"""One database for all tests of accounts; every test has tenants of its own in it."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.auth import create_tenant
from shared.config import Settings
from shared.db import Conn, Database
from tests.conftest import TEMPLATE, DatabaseOf, on

NAME = "t_accounts"


@pytest.fixture(scope="session")
def settings(server: Settings) -> Iterator[Settings]:
    """Settings whose database is a clone of the template, kept for all of these tests."""
    asyncio.run(_execute(server, f"CREATE DATABASE {NAME} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY"))
    yield replace(server, database_url=on(server.owner_database_url, NAME))
    asyncio.run(_execute(server, f"DROP DATABASE {NAME} WITH (FORCE)"))


async def _execute(server: Settings, statement: str) -> None:
    conn = await asyncpg.connect(server.owner_database_url)
    await conn.execute(statement)
    await conn.close()


@pytest.fixture
async def tenant(owner: Conn) -> UUID:
    return await create_tenant(owner, f"tenant {uuid4()}")


@pytest.fixture
async def other_tenant(owner: Conn) -> UUID:
    return await create_tenant(owner, f"rival {uuid4()}")


@pytest.fixture
async def db(database: DatabaseOf) -> Database:
    return await database("accounts")

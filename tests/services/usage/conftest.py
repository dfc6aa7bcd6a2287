"""What the tests of usage start from: its database, the service behind HTTP, an account."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from shared.platform.config import Settings
from shared.platform.db import Database
from tests.conftest import DatabaseOf
from tests.services.usage.examples import World, an_account
from tests.services.usage.processes import Served, served


@pytest.fixture
async def db(database: DatabaseOf) -> Database:
    return await database("usage")


@pytest.fixture
async def http(settings: Settings) -> AsyncIterator[Served]:
    async with served(settings) as both:
        yield both


@pytest.fixture
async def world(db: Database, tenant: UUID) -> World:
    return World(db, tenant, await an_account(db, tenant))

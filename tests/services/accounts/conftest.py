"""What all tests of accounts start from."""

import pytest

from shared.platform.db import Database
from tests.conftest import DatabaseOf


@pytest.fixture
async def db(database: DatabaseOf) -> Database:
    return await database("accounts")

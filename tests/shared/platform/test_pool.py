"""A connection goes back to the pool as nobody's, however its transaction ended."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from shared.platform.config import Settings
from shared.platform.db import Database, connect

WHOSE = "SELECT current_setting('tenure.tenant', true)"


@pytest.fixture
async def single(settings: Settings) -> AsyncIterator[Database]:
    """A pool of one connection, so that whoever comes next gets the same."""
    async with connect(settings.service_database_url("billing"), max_size=1) as db:
        yield db


async def nobodys(db: Database) -> None:
    async with db.read(None) as conn:
        assert not await conn.fetchval(WHOSE)
        assert await conn.fetchval("SELECT count(*) FROM billing.subscription") == 0
    async with db.pool.acquire() as conn:
        assert not await conn.fetchval(WHOSE)
        assert not conn.is_in_transaction()


async def test_after_a_commit(single: Database, tenant: UUID) -> None:
    async with single.write(tenant) as conn:
        assert await conn.fetchval(WHOSE) == str(tenant)
    await nobodys(single)


async def test_after_an_error_of_the_database_and_one_of_ours(
    single: Database, tenant: UUID
) -> None:
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with single.write(tenant) as conn:
            await conn.fetchval("SELECT 1 / 0")
    await nobodys(single)
    with pytest.raises(KeyError):
        async with single.read(tenant):
            raise KeyError
    await nobodys(single)


async def test_after_a_statement_that_was_cancelled(single: Database, tenant: UUID) -> None:
    begun = asyncio.Event()

    async def long() -> None:
        async with single.write(tenant) as conn:
            begun.set()
            await conn.fetchval("SELECT pg_sleep(20)")

    task = asyncio.create_task(long())
    await begun.wait()
    await asyncio.sleep(0.1)  # the statement is on its way
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await nobodys(single)


async def test_after_a_transaction_that_was_left_open(single: Database, tenant: UUID) -> None:
    async with single.pool.acquire() as conn:
        await conn.execute("BEGIN")
        await conn.execute("SELECT set_config('tenure.tenant', $1, true)", str(tenant))
    await nobodys(single)

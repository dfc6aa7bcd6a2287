"""Who waits for whom in risk: tenants for nobody else's, facts only for who marks every account."""

import asyncio
from collections.abc import Coroutine
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.risk.actions import models as models_actions
from services.risk.actions import scores as scores_actions
from services.risk.actions.listening import request_rescores
from services.risk.domain.others import AnyFact
from services.risk.domain.release import Deed
from shared.platform.auth import Principal
from shared.platform.db import Database
from tests.services.risk.examples import a_model

PATIENCE_S = 0.4


async def note(risk: Database, tenant: UUID, *accounts: UUID) -> None:
    async with risk.write(tenant) as conn:
        await request_rescores(conn, [AnyFact(account) for account in accounts])


async def promoted(risk: Database, principal: Principal, version: str) -> None:
    async with risk.write(principal.tenant_id) as conn:
        await models_actions.change_champion(conn, version, Deed.PROMOTED, principal)


async def waits(work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
    """The work, which cannot end yet."""
    task = asyncio.create_task(work)
    done, _ = await asyncio.wait([task], timeout=PATIENCE_S)
    assert not done
    return task


@pytest.fixture
async def versions(risk: Database, principal: Principal) -> list[str]:
    """Two models, the second serves."""
    async with risk.write(principal.tenant_id) as conn:
        return [
            await models_actions.publish(conn, a_model(use=use), principal) for use in (-0.5, -0.8)
        ]


async def test_a_fact_does_not_wait_for_another_tenants_promotion(
    risk: Database, versions: list[str], principal: Principal, other_tenant: UUID
) -> None:
    async with risk.write(principal.tenant_id) as conn:
        await models_actions.change_champion(conn, versions[0], Deed.PROMOTED, principal)
        await asyncio.wait_for(note(risk, other_tenant, uuid4()), 5)


async def test_facts_of_other_accounts_do_not_wait_for_one_another(
    risk: Database, tenant: UUID
) -> None:
    async with risk.write(tenant) as conn:
        await request_rescores(conn, [AnyFact(uuid4())])
        await asyncio.wait_for(note(risk, tenant, uuid4()), 5)


async def test_a_promotion_waits_for_accounts_that_are_becoming_known_and_marks_them(
    risk: Database, versions: list[str], principal: Principal
) -> None:
    tenant, account = principal.tenant_id, uuid4()
    async with risk.write(tenant) as conn:
        await request_rescores(conn, [AnyFact(account)])
        promotion = await waits(promoted(risk, principal, versions[0]))
    await promotion

    async with risk.read(tenant) as conn:
        assert await conn.fetchval("SELECT wanted FROM work WHERE key = $1", account) == 2


async def test_an_account_that_becomes_known_during_a_promotion_waits_for_its_end(
    risk: Database, versions: list[str], principal: Principal
) -> None:
    async with risk.write(principal.tenant_id) as conn:
        await models_actions.change_champion(conn, versions[0], Deed.PROMOTED, principal)
        noted = await waits(note(risk, principal.tenant_id, uuid4()))
    await noted


async def test_marks_in_any_order_do_not_deadlock(risk: Database, tenant: UUID) -> None:
    accounts = [uuid4() for _ in range(40)]
    await note(risk, tenant, *accounts)

    async def mark(turned: int) -> None:
        for _ in range(10):
            await note(risk, tenant, *accounts[turned:], *accounts[:turned])
            async with risk.write(tenant) as conn:
                await scores_actions.rescore(conn, accounts[turned:])

    await asyncio.gather(*(mark(turned) for turned in (0, 7, 19, 33)))

    async with risk.read(tenant) as conn:
        assert await conn.fetchval("SELECT sum(wanted) FROM work") == 40 + 1_600 + 10 * (160 - 59)

"""Facts, scores and promotions of two tenants at the same time: nothing is lost or deadlocks."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID, uuid4

import pytest

from services.risk import jobs
from services.risk.actions import models as models_actions
from services.risk.actions import release
from services.risk.actions import scores as scores_actions
from services.risk.app import SERVICE
from services.risk.domain.work_lists import RESCORE
from services.risk.store import release as release_store
from shared.platform.auth import Principal
from shared.platform.db import set_tenant
from shared.process import work
from shared.process.facts import LogEntry
from shared.process.listeners import hear
from tests.services.risk.conftest import World
from tests.services.risk.examples import a_model

PICK = random.Random(7)  # noqa: S311 - no secret
ACCOUNTS = 100
FEW = replace(RESCORE, max_claims=15)
"""So that several drains share a tenant's accounts out."""


async def customers(world: World) -> list[UUID]:
    """Accounts under contract of which risk has not heard yet."""
    keys = await world.send("accounts", "accounts", [{"name": f"a{n}"} for n in range(ACCOUNTS)])
    end = datetime.now(UTC).date() + timedelta(days=60)
    terms = {"startOn": end - timedelta(days=365), "endOn": end, "termMonths": 12}
    await world.send(
        "accounts", "contracts", [{"accountId": key, "autoRenew": True, **terms} for key in keys]
    )
    return [UUID(key) for key in keys]


def fact_of(tenant: UUID, account: UUID, position: int) -> LogEntry:
    kind = PICK.choice(["SupportChanged", "ContractChanged", "AccountChanged"])
    contract = UUID(int=account.int % 7)
    payload = {"account_id": account, "contract_id": contract, "outcome": "pending"}
    now = datetime.now(UTC)
    return LogEntry(position, uuid4(), tenant, account, 1, kind, payload, now, now, None)


class Hammer:
    """What goes on beside each other until time is up."""

    def __init__(
        self,
        worlds: list[World],
        accounts: dict[UUID, list[UUID]],
        models: list[str],
        seconds: int,
    ) -> None:
        self.worlds, self.accounts, self.models = worlds, accounts, models
        self.seconds, self.end = seconds, time.monotonic() + seconds
        self.introduced: dict[UUID, set[UUID]] = {world.tenant: set() for world in worlds}

    async def again(self, do: Callable[[World], Awaitable[object]]) -> None:
        """The same for any tenant until time is up; whatever goes wrong is raised."""
        while time.monotonic() < self.end:
            await do(PICK.choice(self.worlds))
            await asyncio.sleep(PICK.random() / 100)

    def heard_of(self) -> int:
        """New accounts become known as time goes on, promotion or not."""
        left = max(self.end - time.monotonic() - 1, 0) / self.seconds
        return max(5, round((1 - left) * ACCOUNTS))

    async def page(self, world: World) -> None:
        """Some facts of both tenants in one transaction, as a consumer applies them."""
        async with world.risk.write(None) as conn:
            for tenant in sorted(self.accounts):
                some = PICK.sample(self.accounts[tenant][: self.heard_of()], 5)
                await set_tenant(conn, tenant)
                entries = [fact_of(tenant, key, number) for number, key in enumerate(some)]
                await hear(conn, SERVICE.listeners["accounts"], entries)
                self.introduced[tenant] |= set(some)

    async def rescore(self, world: World) -> None:
        """As many as one worker does at a time, of whichever tenant."""
        await work.drain(world.risk, FEW, lambda t, c: jobs.rescore(world.context, t, c))

    async def promote(self, world: World) -> None:
        async with world.risk.write(world.tenant) as conn:
            await models_actions.promote(conn, PICK.choice(self.models), world.principal)
            await asyncio.sleep(0.02)

    async def ask(self, world: World) -> None:
        async with world.risk.write(world.tenant) as conn:
            await scores_actions.rescore(conn)

    async def rescore_due(self, world: World) -> None:
        async with world.risk.write(world.tenant) as conn:
            await conn.execute(
                "UPDATE risk.account_seen SET check_again_at = now() WHERE account_id = $1",
                PICK.choice(self.accounts[world.tenant]),
            )
        await jobs.rescore_due(world.context)

    async def train(self, world: World) -> None:
        async with world.risk.write(world.tenant) as conn:
            run = await release.request_training(conn, world.principal)
        async with world.risk.write(world.tenant) as conn:
            await release.fail_run(conn, run.run_id, "only asked for", world.principal)


@pytest.mark.parametrize("seconds", [3, pytest.param(20, marks=pytest.mark.long)])
async def test_nothing_is_lost_and_nothing_deadlocks(
    world: World, rival: Principal, seconds: int
) -> None:
    worlds = [world, replace(world, principal=rival)]
    accounts = {each.tenant: await customers(each) for each in worlds}
    models = [a_model(use=use) for use in (-0.5, -0.9)]
    for each, model in product(worlds, models):
        await each.publish(model)
    hammer = Hammer(worlds, accounts, [model.version for model in models], seconds)

    await asyncio.gather(
        *(hammer.again(hammer.page) for _ in range(3)),
        *(hammer.again(hammer.rescore) for _ in range(3)),
        hammer.again(hammer.promote),
        hammer.again(hammer.ask),
        hammer.again(hammer.rescore_due),
        hammer.again(hammer.train),
    )
    await hammer.rescore(world)

    for each in worlds:
        async with each.risk.read(each.tenant) as conn:
            errors = await conn.fetch("SELECT last_error FROM work WHERE last_error IS NOT NULL")
            account_ids = {
                r["account_id"] for r in await conn.fetch("SELECT * FROM risk.account_seen")
            }
            served = await conn.fetch("SELECT account_id, model_version FROM risk.latest")
            champion = await release_store.alias(conn, "champion")
        assert [row["last_error"] for row in errors] == []
        assert account_ids == hammer.introduced[each.tenant]
        assert {row["account_id"]: row["model_version"] for row in served} == dict.fromkeys(
            account_ids, champion
        )
    assert await work.pending(world.risk, RESCORE) == 0

"""A tenant whose events came long before their account: they count soon, nobody waits for it."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest

from services.usage.app import SERVICE
from services.usage.jobs import WORKER
from shared.platform.auth import Principal
from shared.platform.config import Settings
from shared.platform.db import Conn, Database
from shared.process import facts
from shared.process.service import Service, build
from shared.process.worker import working
from tests.conftest import DatabaseOf
from tests.journeys.processes import until
from tests.processes import serving
from tests.services.usage.examples import event, send

WAITING = """
INSERT INTO usage.pending_event (tenant_id, key, external_source, external_id, occurred_at,
  quantity, body, event_id, feature, member)
SELECT $1, decode(md5(n::text), 'hex'), 'crm', 'big', now() - n % 90 * interval '1 day',
  1, '\\x00', n::text, 'feature ' || n % 20, 'member ' || n / 90 % 200
FROM generate_series(1, $2) AS n
"""
PENDING = "SELECT count(*) FROM usage.pending_event"
HAS_COME = "SELECT EXISTS (SELECT FROM usage.known_account WHERE account_id = $1)"


@dataclass(frozen=True, slots=True)
class AccountCreated:
    account_id: UUID
    name: str
    external_ids: list[dict[str, str]]


@dataclass
class Usage:
    """The usage service with its worker, fed by the log of accounts."""

    accounts: Database
    usage: Database
    owner: Conn
    newcomers: list[float] = field(default_factory=list)
    posts: list[float] = field(default_factory=list)

    async def tell(self, tenant: UUID, *names: str) -> UUID:
        account = uuid4()
        externals = [{"source": "crm", "external_id": name} for name in names]
        async with self.accounts.write(tenant) as conn:
            await facts.emit(conn, account, AccountCreated(account, "Acme", externals))
        return account

    async def newcomer(self, tenant: UUID) -> None:
        """How long a new account of that tenant takes to be known."""
        began, account = time.monotonic(), await self.tell(tenant)
        await until(lambda: self.owner.fetchval(HAS_COME, account), 120, 0.02)
        self.newcomers.append(time.monotonic() - began)

    async def post(self, tenant: UUID) -> None:
        """How long an event of that tenant takes to be accepted."""
        began = time.monotonic()
        caller = Principal(tenant, "app", ("ingest",))
        await send(self.usage, caller, [event(externalId={"source": "crm", "id": "later"})])
        self.posts.append(time.monotonic() - began)


@pytest.fixture
async def running(settings: Settings, database: DatabaseOf, owner: Conn) -> AsyncIterator[Usage]:
    async with (
        serving(build(Service("accounts"), settings), settings.service_port("accounts")),
        serving(build(SERVICE, settings), settings.service_port("usage")),
        working(settings, WORKER),
    ):
        yield Usage(await database("accounts"), await database("usage"), owner)


@pytest.mark.parametrize("events", [20_000, pytest.param(300_000, marks=pytest.mark.long)])
async def test_a_backlog_counts_soon_and_nobody_waits_for_it(
    running: Usage, owner: Conn, tenant: UUID, other_tenant: UUID, events: int
) -> None:
    await owner.execute(WAITING, tenant, events)
    await owner.execute("ANALYZE usage.pending_event")
    await running.newcomer(other_tenant)
    running.newcomers.clear()

    began, account = time.monotonic(), await running.tell(tenant, "big")
    while await owner.fetchval(PENDING) > len(running.posts):
        await running.newcomer(other_tenant)
        await running.post(tenant)
        await asyncio.sleep(0.2)
    took, newcomer, post = time.monotonic() - began, max(running.newcomers), max(running.posts)
    figures = f"{took:.1f} s; another's newcomer {newcomer:.2f} s, an own event {post:.2f} s"

    counted = "SELECT sum(events)::int FROM usage.daily WHERE account_id = $1"
    assert await owner.fetchval(counted, account) == events
    assert newcomer < 5, figures
    assert post < 5, figures

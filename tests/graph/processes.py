"""Five services and the gateway, in this process or on real ports, and a tenant's rows in them."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import aiohttp
import msgspec
from strawberry.types import ExecutionResult

from graph import app as graph_app
from graph.context import GraphContext
from graph.cursor import Cursors
from graph.schema import schema
from services.accounts.app import SERVICE as ACCOUNTS
from services.billing.app import SERVICE as BILLING
from services.learning import jobs as learning_jobs
from services.learning.app import SERVICE as LEARNING
from services.risk import jobs as risk_jobs
from services.risk.app import SERVICE as RISK
from services.usage import jobs as usage_jobs
from services.usage.app import SERVICE as USAGE
from shared.intake.rows import BulkRoute, receive
from shared.platform.auth import Principal
from shared.platform.config import Settings
from shared.platform.db import Database
from shared.process import facts, service
from shared.process.connections import WebSocketConnection
from shared.process.consumer import Consumer
from shared.process.rpc import Dispatcher, Rpc
from shared.process.service import Service, build
from shared.process.worker import WorkerContext
from tests.conftest import DatabaseOf
from tests.processes import serving

SERVICES = (ACCOUNTS, USAGE, BILLING, LEARNING, RISK)
KNOWN_BY_UUID = ("accounts", "members", "contracts", "courses")
WORKERS = [jobs.WORKER for jobs in (usage_jobs, learning_jobs, risk_jobs)]


class Suite:
    """Five real services bound in-process, with every request counted."""

    def __init__(
        self, settings: Settings, databases: dict[str, Database], access: Database
    ) -> None:
        self.access = access
        self.databases = databases
        self.settings = settings
        exposed = {
            service.name: Dispatcher(
                databases[service.name], reads=service.reads, commands=service.commands
            )
            for service in SERVICES
        }
        self.rpc = Rpc(settings, local=exposed)
        self.cursors = Cursors(settings)

    def context(self, principal: Principal) -> GraphContext:
        """The context of one request."""
        return GraphContext(principal, self.rpc, cursors=self.cursors, access=self.access)

    async def run(
        self, principal: Principal, query: str, variables: dict[str, Any] | None = None
    ) -> ExecutionResult:
        """The whole result, errors and all."""
        return await schema.execute(
            query, variable_values=variables, context_value=self.context(principal)
        )

    async def ask(self, principal: Principal, query: str) -> Any:
        """The data, and how many requests each service got."""
        before = dict(self.rpc.requests)
        result = await self.run(principal, query)
        calls = {name: count - before[name] for name, count in self.rpc.requests.items()}
        assert result.errors is None, result.errors
        return result.data, calls

    async def settle(self, tenant: UUID) -> None:
        """Facts reach whom they concern, and jobs do what is due, until nothing more happens."""
        while await self._carry() + await self._work(tenant):
            pass
        for database in self.databases.values():
            async with database.read(tenant) as conn:
                assert await conn.fetch("SELECT * FROM dead_letter") == []

    async def _carry(self) -> int:
        return sum(
            [
                await Carrier(self, service, source).step()
                for service in SERVICES
                for source in service.listeners
            ]
        )

    async def _work(self, tenant: UUID) -> int:
        """What waits for a while is due at once."""
        done = 0
        for worker in WORKERS:
            database = self.databases[worker.service]
            async with database.write(tenant) as conn:
                await conn.execute("UPDATE work SET next_at = now() WHERE next_at < 'infinity'")
            context = WorkerContext(self.settings, database, self.rpc)
            for work_list in worker.work:
                if work_list.pace == "quick":
                    done += await worker.drain(context, work_list)
        return done


class Carrier(Consumer):
    """Follows a log without a port between."""

    def __init__(self, suite: Suite, service: Service, source: str) -> None:
        db = suite.databases[service.name]
        super().__init__(db, suite.rpc, source, service.listeners[source])
        self._log = facts.Log(suite.databases[source], source)
        self._source_db = suite.databases[source]

    async def _pull(self, after: int, wait_s: float) -> list[facts.LogEntry]:
        await facts.relay_all(self._source_db)
        return await self._log.page(after, 500, wait_s, None)


def kinds_of(service: Service) -> list[BulkRoute]:
    """Every kind of row that a service takes, in the order of its declaration."""
    return [kind for kinds in service.bulk_routes.values() for kind in kinds]


async def take(suite: Suite, principal: Principal, service: Service, name: str, rows: Any) -> Any:
    """Bulk rows straight into a service, as its route would take them."""
    (kind,) = (kind for kind in service.bulk_routes["ingest"] if kind.name == name)
    async with suite.databases[service.name].write(principal.tenant_id) as conn:
        receipts = await receive(conn, principal, kind, msgspec.json.encode(rows))
    assert {receipt.status for receipt in receipts} <= {"accepted", "pending"}, receipts
    return [UUID(receipt.id) for receipt in receipts] if name in KNOWN_BY_UUID else None


async def fill(suite: Suite, principal: Principal, companies: int) -> list[UUID]:
    """Companies with a contract, a plan line and two members each."""
    started = datetime.now(UTC) - timedelta(days=200)
    named = [{"name": f"Company {n:02}"} for n in range(companies)]
    ids = await take(suite, principal, ACCOUNTS, "accounts", named)
    members = [
        {"accountId": str(key), "externalId": f"{key}-{n}", "role": "user", "level": n}
        for key in ids
        for n in range(2)
    ]
    await take(suite, principal, ACCOUNTS, "members", members)
    contracts = [
        {"accountId": str(key), "startOn": started.date(), "termMonths": 12, "autoRenew": True}
        for key in ids
    ]
    await take(suite, principal, ACCOUNTS, "contracts", contracts)
    lines = [
        {
            "id": f"line-{key}", "accountId": str(key), "plan": "team", "quantity": 10,
            "unitPriceCents": 1_500, "interval": "month", "currency": "EUR", "startedAt": started,
        }
        for key in ids
    ]  # fmt: skip
    await take(suite, principal, BILLING, "subscriptions", lines)
    return ids


async def of(settings: Settings, database: DatabaseOf) -> Suite:
    """The suite on this test's database."""
    databases = {service.name: await database(service.name) for service in SERVICES}
    return Suite(settings, databases, await database("access"))


@asynccontextmanager
async def served(suite: Suite, settings: Settings) -> AsyncGenerator[str]:
    """The gateway and the log of risk behind real ports; the gateway's address."""
    app = graph_app.build(settings)
    app.state.gateway = graph_app.Gateway(suite.cursors, suite.rpc, suite.access)
    async with (
        suite.rpc,
        serving(service.build(RISK, settings), settings.service_port("risk")),
        serving(
            app,
            settings.port,
            lifespan="off",
            ws=WebSocketConnection,
            ws_max_size=graph_app.MAX_MESSAGE_BYTES,
        ),
    ):
        yield f"127.0.0.1:{settings.port}"


@dataclass(frozen=True)
class Installation:
    """Where they answer, and a session to ask them."""

    settings: Settings
    session: aiohttp.ClientSession

    @property
    def gateway(self) -> str:
        """The gateway's address."""
        return f"http://127.0.0.1:{self.settings.port}"

    async def ask(
        self, url: str, method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """Status and body; what is posted is a list of nothing."""
        async with self.session.request(method, url, data=b"[]", headers=headers) as response:
            return response.status, await response.text(errors="replace")


@asynccontextmanager
async def start_all(
    settings: Settings, without: frozenset[str] = frozenset()
) -> AsyncGenerator[Installation]:
    """All of them, but for the services named."""
    async with AsyncExitStack() as stack:
        for service in SERVICES:
            if service.name not in without:
                port = settings.service_port(service.name)
                await stack.enter_async_context(serving(build(service, settings), port))
        gateway = serving(graph_app.build(settings), settings.port, ws=WebSocketConnection)
        await stack.enter_async_context(gateway)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield Installation(settings, session)

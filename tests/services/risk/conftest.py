"""Risk among the real services it asks, all in one process."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from services.accounts.app import SERVICE as ACCOUNTS
from services.billing.app import SERVICE as BILLING
from services.learning.app import SERVICE as LEARNING
from services.risk import jobs
from services.risk.actions import models as models_actions
from services.risk.app import SERVICE as RISK
from services.risk.domain.scores import RiskScore
from services.risk.domain.work_lists import RESCORE
from services.risk.store import scores as scores_store
from services.usage import jobs as usage_jobs
from services.usage.app import SERVICE as USAGE
from services.usage.domain.work_lists import ANNOUNCE
from shared.intake.rows import receive
from shared.platform import auth
from shared.platform.auth import Principal
from shared.platform.config import Settings
from shared.platform.db import Database
from shared.process import facts
from shared.process.listeners import hear
from shared.process.rpc import Dispatcher, Rpc
from shared.process.worker import WorkerContext
from shared.vocabulary.errors import ServiceUnavailable
from shared.vocabulary.model_document import ModelDocument
from tests.conftest import DatabaseOf

SERVICES = {service.name: service for service in (ACCOUNTS, USAGE, BILLING, LEARNING)}


class Away(Dispatcher):
    """A service that does not answer."""

    async def answer(self, principal: Principal, body: bytes) -> bytes:
        raise ServiceUnavailable("away")


@dataclass
class World:
    """Five services on their own databases; facts travel when `hear` is called."""

    settings: Settings
    principal: Principal
    dbs: dict[str, Database]
    local: dict[str, Dispatcher]
    context: WorkerContext
    read_to: dict[str, int] = field(default_factory=dict)

    @property
    def risk(self) -> Database:
        return self.dbs["risk"]

    @property
    def tenant(self) -> UUID:
        return self.principal.tenant_id

    async def send(self, service: str, kind: str, rows: list[dict[str, Any]]) -> list[str]:
        """Post rows as the bulk route does; their ids."""
        (route,) = [k for k in SERVICES[service].bulk_routes["ingest"] if k.name == kind]
        async with self.dbs[service].write(self.tenant) as conn:
            receipts = await receive(conn, self.principal, route, msgspec.json.encode(rows))
        assert [r.status for r in receipts] == ["accepted"] * len(rows), receipts
        return [str(r.id) for r in receipts]

    async def hear(self) -> None:
        """Carry every new fact to whom it concerns, as the consumers of the processes do."""
        for listening, listeners in (("usage", USAGE.listeners), ("risk", RISK.listeners)):
            for source, handlers in listeners.items():
                await self._carry(listening, source, handlers)
            context = replace(self.context, db=self.dbs["usage"])
            await usage_jobs.WORKER.drain(context, ANNOUNCE)

    async def _carry(self, listening: str, source: str, listeners: Any) -> None:
        await facts.relay_all(self.dbs[source])
        place = f"{listening}<{source}"
        entries = await facts.Log(self.dbs[source], source).page(
            self.read_to.get(place, 0), 1_000, 0, None
        )
        for entry in entries:
            self.read_to[place] = entry.position
        for tenant_id in {entry.tenant_id for entry in entries}:
            async with self.dbs[listening].write(tenant_id) as conn:
                await hear(conn, listeners, [e for e in entries if e.tenant_id == tenant_id])

    async def account(
        self, name: str = "acme", *, renews_in_days: int = 60, **contract: Any
    ) -> UUID:
        """An account with a yearly contract and a subscription of 1,000 EUR a month."""
        (account_id,) = await self.send("accounts", "accounts", [{"name": name}])
        end = datetime.now(UTC).date() + timedelta(days=renews_in_days)
        begin = end - timedelta(days=365)
        terms = {"startOn": begin, "endOn": end, "termMonths": 12, "autoRenew": True}
        await self.send("accounts", "contracts", [{"accountId": account_id, **terms, **contract}])
        line = {"id": f"s-{name}", "accountId": account_id, "plan": "pro", "quantity": 10}
        price = {"unitPriceCents": 10_000, "interval": "month", "currency": "EUR"}
        start = {"startedAt": datetime.combine(begin, time(), UTC)}
        await self.send("billing", "subscriptions", [line | price | start])
        await self.hear()
        return UUID(account_id)

    async def events(self, account_id: UUID, count: int, name: str = "e") -> None:
        """Some use of the product, an hour ago."""
        at = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
        event = {"accountId": str(account_id), "feature": "report", "occurredAt": at}
        await self.send("usage", "events", [event | {"id": f"{name}{i}"} for i in range(count)])
        await self._announced()
        await self.hear()

    async def _announced(self) -> None:
        """What gathers for a moment is due at once."""
        async with self.dbs["usage"].write(self.tenant) as conn:
            await conn.execute("UPDATE usage.work SET next_at = now() WHERE next_at < 'infinity'")

    async def publish(self, model: ModelDocument) -> str:
        async with self.risk.write(self.tenant) as conn:
            return await models_actions.publish(conn, model, self.principal)

    async def rescore(self) -> int:
        return await jobs.WORKER.drain(self.context, RESCORE)

    async def score(self, account_id: UUID, as_of: datetime | None = None) -> RiskScore | None:
        async with self.risk.read(self.tenant) as conn:
            return (await scores_store.latest(conn, [account_id], as_of)).get(account_id)

    async def updates(self) -> list[facts.LogEntry]:
        """What risk's log says, in order."""
        await facts.relay_all(self.risk)
        return await facts.Log(self.risk, "risk").page(0, 1_000, 0, self.tenant, ["RiskUpdated"])

    def away(self, service: str) -> None:
        """From now on the service does not answer."""
        self.local[service] = Away(self.dbs[service], reads={}, commands={})

    def back(self, service: str) -> None:
        """From now on it answers as before."""
        declared = SERVICES[service]
        self.local[service] = Dispatcher(
            self.dbs[service], reads=declared.reads, commands=declared.commands
        )

    async def count(self, query: str, *arguments: Any) -> int:
        async with self.risk.read(self.tenant) as conn:
            return await conn.fetchval(query, *arguments)

    async def hurry(self, attempt: int = 0) -> None:
        """Claims are due at once, as if a service had been away so often."""
        async with self.risk.write(self.tenant) as conn:
            await conn.execute(
                "UPDATE risk.work SET next_at = now(), postponed = $1 WHERE next_at < 'infinity'",
                attempt,
            )

    async def hurry_on(self) -> None:
        """Claims are due at once, however often they were tried."""
        async with self.risk.write(self.tenant) as conn:
            await conn.execute("UPDATE risk.work SET next_at = now() WHERE next_at < 'infinity'")


@pytest.fixture
async def world(
    settings: Settings, database: DatabaseOf, principal: Principal
) -> AsyncIterator[World]:
    dbs = {name: await database(name) for name in (*SERVICES, "risk")}
    local = {
        name: Dispatcher(dbs[name], reads=service.reads, commands=service.commands)
        for name, service in SERVICES.items()
    }
    async with Rpc(settings, local=local) as rpc:
        yield World(settings, principal, dbs, local, WorkerContext(settings, dbs["risk"], rpc))


@pytest.fixture
async def risk(database: DatabaseOf) -> Database:
    return await database("risk")


@pytest.fixture
def rival(other_tenant: UUID) -> Principal:
    return Principal(other_tenant, "rival", auth.SCOPES)

"""A page of fifty accounts with all five domains: one call per service and level."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from graph.context import GraphContext
from graph.cursor import Cursors
from graph.schema import OBJECTS, schema
from services.accounts.app import SERVICE as ACCOUNTS
from services.billing.app import SERVICE as BILLING
from services.learning.app import SERVICE as LEARNING
from services.risk.app import SERVICE as RISK
from services.usage.app import SERVICE as USAGE
from shared import ingest
from shared.auth import Principal
from shared.config import Settings
from shared.db import Conn, Database
from shared.rpc import Exposed, Rpc
from shared.service import Service
from tests.conftest import DatabaseOf

SERVICES = (ACCOUNTS, USAGE, BILLING, LEARNING, RISK)
COMPANIES = 50
STATEMENTS_MOST = 45

DASHBOARD = """
query Dashboard {
  accounts(first: 50) {
    nodes {
      id name tags stage
      contract { startOn renewalOn seats }
      usage { events28 { value n } activeMembers28 { value } dauMau { value } }
      billing { mrr { cents currency } }
      learning { educationAdoption { value insufficientData } }
      risk { band renewalProbability { value low high } drivers { label contribution } }
      members(first: 5) { nodes { id email role learningPath { minutes items { position } } } }
    }
  }
}"""


class Counted:
    """Five real services bound in-process, with every request counted."""

    def __init__(self, settings: Settings, databases: dict[str, Database]) -> None:
        self.databases = databases
        exposed = {
            service.name: Exposed(
                databases[service.name], reads=service.reads, commands=service.commands
            )
            for service in SERVICES
        }
        self.rpc = Rpc(settings, local=exposed)
        self.cursors = Cursors(settings)

    async def ask(self, principal: Principal, query: str) -> Any:
        context = GraphContext(principal, self.rpc, OBJECTS, cursors=self.cursors)
        before = dict(self.rpc.requests)
        result = await schema.execute(query, context_value=context)
        calls = {name: count - before[name] for name, count in self.rpc.requests.items()}
        assert result.errors is None, result.errors
        return result.data, calls


@pytest.fixture
async def counted(settings: Settings, database: DatabaseOf, principal: Principal) -> Counted:
    databases = {service.name: await database(service.name) for service in SERVICES}
    known = Counted(settings, databases)
    await fill(known, principal)
    return known


async def take(
    counted: Counted, principal: Principal, service: Service, name: str, rows: Any
) -> Any:
    """Bulk rows straight into a service, as its route would take them."""
    (kind,) = (kind for kind in service.kinds if kind.name == name)
    async with counted.databases[service.name].write(principal.tenant_id) as conn:
        receipts = await ingest.receive(conn, principal, kind, msgspec.json.encode(rows))
    assert {receipt.status for receipt in receipts} <= {"accepted", "pending"}, receipts
    return [UUID(receipt.id) for receipt in receipts] if name in ("accounts", "members") else None


async def fill(counted: Counted, principal: Principal) -> None:
    """Fifty companies with a contract, a plan line and two members each."""
    started = datetime.now(UTC) - timedelta(days=200)
    companies = [{"name": f"Company {n:02}"} for n in range(COMPANIES)]
    ids = await take(counted, principal, ACCOUNTS, "accounts", companies)
    members = [
        {"accountId": str(key), "externalId": f"{key}-{n}", "role": "user", "level": n}
        for key in ids
        for n in range(2)
    ]
    await take(counted, principal, ACCOUNTS, "members", members)
    contracts = [
        {"accountId": str(key), "startOn": started.date(), "termMonths": 12, "autoRenew": True}
        for key in ids
    ]
    await take(counted, principal, ACCOUNTS, "contracts", contracts)
    lines = [
        {
            "id": f"line-{key}", "accountId": str(key), "plan": "team", "quantity": 10,
            "unitPriceCents": 1_500, "interval": "month", "currency": "EUR", "startedAt": started,
        }
        for key in ids
    ]  # fmt: skip
    await take(counted, principal, BILLING, "subscriptions", lines)


async def test_a_page_of_fifty_costs_one_call_per_service_and_level(
    counted: Counted, principal: Principal
) -> None:
    data, calls = await counted.ask(principal, DASHBOARD)

    nodes = data["accounts"]["nodes"]
    assert len(nodes) == COMPANIES
    assert all(node["billing"]["mrr"] == {"cents": 15_000, "currency": "EUR"} for node in nodes)
    assert all(len(node["members"]["nodes"]) == 2 for node in nodes)
    # accounts: the page, its accounts' fields, its members' fields; learning: summaries, then paths
    assert calls == {"accounts": 3, "usage": 1, "billing": 1, "learning": 2, "risk": 1}


async def test_ten_accounts_cost_as_many_statements_as_fifty(
    counted: Counted, principal: Principal, owner: Conn
) -> None:
    await owner.execute("CREATE EXTENSION pg_stat_statements")
    costs: list[int] = []
    await counted.ask(principal, DASHBOARD)  # asyncpg looks up types once per connection
    for first in (50, 10):
        await owner.execute("SELECT pg_stat_statements_reset()")
        await counted.ask(principal, DASHBOARD.replace("first: 50", f"first: {first}"))
        costs.append(await statements(owner))

    assert costs[0] == costs[1]
    assert 5 <= costs[0] <= STATEMENTS_MOST


async def statements(owner: Conn) -> int:
    """How many statements the services sent to this database, tenancy and transactions aside."""
    return await owner.fetchval(
        "SELECT sum(calls)::int FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid"
        " WHERE rolname LIKE 'tenure\\_%' AND dbid = (SELECT oid FROM pg_database"
        "  WHERE datname = current_database()) AND toplevel"
        " AND query NOT LIKE '%set_config%' AND query ~* '^(SELECT|WITH|INSERT|UPDATE|DELETE)'"
    )

"""A page of fifty accounts with all five domains: one call per service and level."""

import pytest

from shared.platform.auth import Principal
from shared.platform.config import Settings
from shared.platform.db import Conn
from tests.conftest import DatabaseOf
from tests.graph.processes import Suite, fill, of

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


@pytest.fixture
async def suite(settings: Settings, database: DatabaseOf, principal: Principal) -> Suite:
    started = await of(settings, database)
    await fill(started, principal, COMPANIES)
    return started


async def test_a_page_of_fifty_costs_one_call_per_service_and_level(
    suite: Suite, principal: Principal
) -> None:
    data, calls = await suite.ask(principal, DASHBOARD)

    nodes = data["accounts"]["nodes"]
    assert len(nodes) == COMPANIES
    assert all(node["billing"]["mrr"] == {"cents": 15_000, "currency": "EUR"} for node in nodes)
    assert all(len(node["members"]["nodes"]) == 2 for node in nodes)
    # accounts: the page, its accounts' fields, its members' fields; learning: summaries, then paths
    assert calls == {"accounts": 3, "usage": 1, "billing": 1, "learning": 2, "risk": 1}


async def test_ten_accounts_cost_as_many_statements_as_fifty(
    suite: Suite, principal: Principal, owner: Conn
) -> None:
    await owner.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    costs: list[int] = []
    await suite.ask(principal, DASHBOARD)  # asyncpg looks up types once per connection
    for first in (50, 10):
        await owner.execute("SELECT pg_stat_statements_reset()")
        await suite.ask(principal, DASHBOARD.replace("first: 50", f"first: {first}"))
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

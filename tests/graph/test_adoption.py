"""Signals of adoption through the graph, made of what the other services really told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.accounts.app import SERVICE as ACCOUNTS
from services.learning.app import SERVICE as LEARNING
from services.usage.app import SERVICE as USAGE
from shared.platform.auth import Principal
from shared.platform.config import Settings
from shared.platform.db import Conn, to
from shared.process import facts
from shared.process.facts import LogEntry
from shared.process.listeners import hear
from tests.conftest import DatabaseOf
from tests.graph.processes import Suite, fill, of, take

COMPANIES = 3
UPSERT = """
mutation {
  featureUpsert(
    input: {key: "report", title: "Reports", tier: ADVANCED, sticky: true, core: true}
  ) {
    feature { key title tier catalogued } userErrors { field message }
  }
}"""
PAGE = """
{
  features { nodes { key title tier catalogued } }
  accounts(first: 50) { nodes { name usage {
    seatGap { value definition version }
    adoption {
      plan
      seats { purchased assigned band gap { value } trainingGap { value } }
      breadth { basis organisation { value denominator } topShare { value } }
      depth { thinAndShallow value { value insufficientData } }
      discovery { stickyShare { value } level { value } }
      lowUsage { isLow peers }
      features { key adoption { value n } }
    }
  } } }
}"""


@pytest.fixture
async def suite(settings: Settings, database: DatabaseOf, principal: Principal) -> Suite:
    return await of(settings, database)


async def carried(suite: Suite, owner: Conn, principal: Principal) -> None:
    """Everything the others told, as their logs hold it, heard by usage."""
    for source, listeners in USAGE.listeners.items():
        await facts.relay_all(suite.databases[source])
        async with suite.databases[source].read(principal.tenant_id) as conn:
            rows = await conn.fetch("SELECT * FROM event_log ORDER BY position")
        async with suite.databases["usage"].write(principal.tenant_id) as conn:
            await hear(conn, listeners, [to(LogEntry, row) for row in rows])


async def test_signals_stand_on_what_the_other_services_told(
    suite: Suite, principal: Principal, owner: Conn
) -> None:
    first, *_ = await fill(suite, principal, COMPANIES)
    members = await take(
        suite, principal, ACCOUNTS, "members",
        [{"accountId": str(first), "externalId": name} for name in ("ann", "bob")],
    )  # fmt: skip
    course = {"code": "start", "title": "Start", "minutes": 5, "skill": "x", "level": 1}
    await take(suite, principal, LEARNING, "courses", [{**course, "roles": [], "modality": "lab",
                                                        "prerequisites": []}])  # fmt: skip
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    done = {"id": "1", "accountId": str(first), "memberId": str(members[0]), "courseCode": "start"}
    await take(suite, principal, LEARNING, "progress", [
        {**done, "kind": "completed", "occurredAt": an_hour_ago},
    ])  # fmt: skip
    upserted, _ = await suite.ask(principal, UPSERT)
    assert upserted["featureUpsert"] == {
        "feature": {"key": "report", "title": "Reports", "tier": "ADVANCED", "catalogued": True},
        "userErrors": [],
    }
    await carried(suite, owner, principal)
    await take(suite, principal, USAGE, "events", [
        {"id": f"{n}", "accountId": str(first), "memberId": "ann", "feature": feature,
         "occurredAt": an_hour_ago}
        for n, feature in enumerate(["report", "report", "report", "wild"])
    ])  # fmt: skip

    data, calls = await suite.ask(principal, PAGE)

    assert calls["usage"] == 3  # the list of features, summaries, signals
    assert data["features"]["nodes"] == [
        {"key": "report", "title": "Reports", "tier": "ADVANCED", "catalogued": True},
        {"key": "wild", "title": "wild", "tier": None, "catalogued": False},
    ]
    by_name = {node["name"]: node["usage"] for node in data["accounts"]["nodes"]}
    assert by_name["Company 00"]["seatGap"] == {"value": 0.9, "definition": "U2", "version": 3}
    _check(by_name["Company 00"]["adoption"])
    assert by_name["Company 01"]["adoption"]["depth"]["value"]["insufficientData"]


def _check(adoption: dict[str, Any]) -> None:
    assert (adoption["plan"], adoption["lowUsage"]) == ("team", {"isLow": None, "peers": None})
    assert adoption["seats"] == {
        "purchased": 10, "assigned": 4, "band": None, "gap": {"value": 0.9},
        "trainingGap": {"value": 0.9},
    }  # fmt: skip
    assert adoption["breadth"]["organisation"] == {"value": 0.1, "denominator": 10}
    assert adoption["depth"] == {
        "thinAndShallow": None, "value": {"value": 1.0, "insufficientData": False},
    }  # fmt: skip
    assert adoption["discovery"] == {"stickyShare": {"value": 0.75}, "level": {"value": 3}}
    assert {each["key"]: each["adoption"]["value"] for each in adoption["features"]} == {
        "report": 1.0, "wild": 0.0,
    }  # fmt: skip

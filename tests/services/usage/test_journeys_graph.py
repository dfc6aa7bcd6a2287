"""Sessions, habits, journeys and renewals through the graph, a page of accounts in one go."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from shared.platform.auth import Principal
from shared.platform.config import Settings
from shared.platform.db import Conn
from shared.process.facts import relay_all
from shared.vocabulary.ids import global_id
from tests.conftest import DatabaseOf
from tests.graph.processes import SERVICES, Suite, fill, of, take
from tests.services.usage.examples import load, milestone, named, tell, use_case, used

TODAY = datetime.now(UTC).date()
METRIC = "{ value insufficientData definition version n numerator denominator from to freshness }"
FIELDS = """
  timeSpent { activeMinutes %(m)s sessions %(m)s }
  habits { useCase { key coreAction naturalFrequencyDays } zone flagged
    frequency %(m)s forgettable %(m)s habit %(m)s }
  automationSuggestions { rule { key suggests } members %(m)s timesMet member periodOn events }
  journey { startedOn progress %(m)s required30 %(m)s required60 %(m)s required90 %(m)s
    overdue %(m)s timeToValue %(m)s
    steps { milestone { key order } reachedOn dueOn overdue dropped changeAfter %(m)s } }
""" % {"m": METRIC}  # noqa: UP031 - braces are GraphQL's


@pytest.fixture
async def suite(settings: Settings, database: DatabaseOf) -> Suite:
    return await of(settings, database)


async def hear(suite: Suite, tenant: UUID, owner: Conn, accounts: list[UUID]) -> None:
    """What accounts really tells of contracts reaches usage."""
    db = suite.databases["usage"]
    for account in accounts:
        await named(db, tenant, account)
    await relay_all(suite.databases["accounts"])
    rows = await owner.fetch(
        "SELECT account_id, payload::text AS payload FROM accounts.event_log"
        " WHERE tenant_id = $1 AND type = 'ContractChanged' ORDER BY position",
        tenant,
    )
    for row in rows:
        fact = msgspec.json.decode(row["payload"])
        assert fact.pop("account_id") == str(row["account_id"])
        await tell(db, tenant, "ContractChanged", row["account_id"], **fact)


async def test_u7_to_u21_through_the_graph_a_page_in_one_request_a_level(
    suite: Suite, principal: Principal, tenant: UUID, owner: Conn
) -> None:
    accounts = await fill(suite, principal, 3)
    db = suite.databases["usage"]
    await hear(suite, tenant, owner, accounts)
    await use_case(db, principal)
    await milestone(db, principal, "reports", isValue=True, dueDay=200)
    rule = {"key": "r", "feature": "reports", "atLeast": 2, "within": "week", "suggests": "Sync"}
    await take(suite, principal, SERVICES[1], "manual-rules", [rule])
    days = [TODAY - timedelta(days=back) for back in range(1, 29)]
    await load(db, principal, used(accounts[0], "ann", days))

    data, calls = await suite.ask(
        principal, f"{{ accounts(first: 3) {{ nodes {{ name usage {{ {FIELDS} }} }} }} }}"
    )

    assert calls["usage"] == 2  # the summary, then all that was asked of it
    (first, *others) = (node["usage"] for node in data["accounts"]["nodes"])
    assert first["timeSpent"]["sessions"]["value"] == 28
    assert first["habits"][0]["habit"]["value"] == 1
    assert first["automationSuggestions"][0]["rule"]["suggests"] == "Sync"
    assert first["journey"]["startedOn"] == str(TODAY - timedelta(days=200))
    assert first["journey"]["timeToValue"]["value"] == 172
    assert first["journey"]["progress"]["value"] == 1
    assert [other["timeSpent"]["sessions"]["insufficientData"] for other in others] == [True, True]
    assert [other["journey"]["overdue"]["value"] for other in others] == [1, 1]


async def test_u11_u12_u18_u21_and_retention_through_the_graph(
    suite: Suite, principal: Principal, tenant: UUID, owner: Conn
) -> None:
    accounts = await fill(suite, principal, 2)
    db = suite.databases["usage"]
    await hear(suite, tenant, owner, accounts)
    await use_case(db, principal)
    await milestone(db, principal, "reports", isValue=True)
    await load(db, principal, used(accounts[0], "ann", [TODAY - timedelta(days=190)]))
    query = f"""{{
      useCases {{ key job }} milestones {{ key kUsers weight }} manualRules {{ key }}
      timeToValue {{ medianDays {METRIC} by30 {METRIC} }}
      milestoneFunnel {{ milestone {{ key }} accounts conversion {METRIC} reached {METRIC}
        dropOff {METRIC} days {METRIC} }}
      renewalAssociations {{ feature oddsRatio {METRIC} low {METRIC} high {METRIC} users strata }}
      usageRetention {{ rawDays rawSince }}
      memberSessions(accountId: "{global_id("Account", accounts[0])}", member: "ann",
        asOf: "{TODAY - timedelta(days=180)}T00:00:00Z") {{ startAt endAt events }}
    }}"""

    data, _ = await suite.ask(principal, query)

    assert data["useCases"] == [{"key": "report", "job": "Report"}]
    assert data["timeToValue"]["medianDays"]["value"] == 10
    assert data["timeToValue"]["by30"]["value"] == 0.5
    assert data["milestoneFunnel"][0]["conversion"]["value"] == 0.5
    assert data["renewalAssociations"] == []
    assert [session["events"] for session in data["memberSessions"]] == [1]
    assert data["usageRetention"] == {"rawDays": None, "rawSince": None}

    set_to = await history_kept_days(suite, principal, 62)
    assert set_to["retention"]["rawDays"] == 62
    refused = await history_kept_days(suite, principal, 3)
    assert (refused["retention"], refused["userErrors"][0]["field"]) == (None, "rawDays")


async def test_u13_u14_u18_of_segments_members_and_thirty_days_through_the_graph(
    suite: Suite, principal: Principal, tenant: UUID, owner: Conn
) -> None:
    accounts = await fill(suite, principal, 2)
    db = suite.databases["usage"]
    await hear(suite, tenant, owner, accounts)
    await use_case(db, principal, persona="owner")
    await milestone(db, principal, "reports")
    days = [TODAY - timedelta(days=back) for back in range(1, 31)]
    for account in accounts:
        await load(db, principal, used(account, "ann", days))
    ids = msgspec.json.encode([global_id("Account", each) for each in accounts]).decode()

    data, calls = await suite.ask(
        principal,
        f"""{{
          accounts(first: 2) {{ nodes {{ usage {{
            stickiness {{ calendar {METRIC} }}
            over30: stickiness(days: 30) {{ calendar {METRIC} business {METRIC} }}
            habits {{ personas {{ role flagged frequency {METRIC} forgettable {METRIC} }} }}
            adoption {{ breadth {{ personaBasis personas {METRIC} }} }}
          }} }} }}
          segmentHabits(accountIds: {ids}) {{ useCase {{ persona }} frequency {METRIC} }}
          memberFunnel(startedFrom: "2020-01-01") {{ members conversion {METRIC}
            reached {METRIC} dropOff {METRIC} days {METRIC} milestone {{ key }} }}
        }}""",
    )

    assert calls["usage"] == 4  # both roots, the summary, then all that was asked of it
    for node in data["accounts"]["nodes"]:
        usage = node["usage"]
        assert usage["stickiness"]["calendar"]["definition"] == "U14"
        assert (usage["over30"]["calendar"]["value"], usage["over30"]["business"]["value"]) == (
            1,
            1,
        )
        assert usage["over30"]["calendar"]["definition"] == "U14.days_30"
        (persona,) = usage["habits"][0]["personas"]
        assert (persona["role"], persona["frequency"]["value"]) == (None, 1)
        assert usage["adoption"]["breadth"]["personaBasis"] == "USE_CASES"
    assert data["segmentHabits"][0]["frequency"]["n"] == 2
    assert [(s["members"], s["conversion"]["value"]) for s in data["memberFunnel"]] == [(2, 1)]


async def history_kept_days(suite: Suite, principal: Principal, days: int) -> Any:
    data, _ = await suite.ask(
        principal,
        f"mutation {{ usageRetentionSet(rawDays: {days})"
        " { retention { rawDays } userErrors { field } } }",
    )
    return data["usageRetentionSet"]

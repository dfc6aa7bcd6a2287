"""From an event to a partner: receipts, a new score, the update by two ways, and its history."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.vocabulary.ids import global_id
from tests.journeys.processes import Client, Stack, until

pytestmark = pytest.mark.stack

RISKIEST = """
query Riskiest($first: Int!) {
  atRisk(first: $first) {
    nodes {
      account { id name usage { events28 { value } } }
      risk { id renewalProbability { value } }
    }
  }
}"""

UPDATES = """
subscription Updates($after: String, $filter: RiskUpdateFilter) {
  riskUpdates(after: $after, filter: $filter) {
    cursor sequence reason previousBand
    account { id name }
    risk { id band asOf churnProbability(withinDays: 90) { value } renewalProbability { value } }
  }
}"""

HISTORY = """
query History($id: ID!, $from: DateTime!, $to: DateTime!) {
  account(id: $id) {
    riskHistory(first: 9) { nodes { id scoredAt renewalProbability { value } } }
    riskChange(from: $from, to: $to) { change from { id } to { id } }
  }
}"""


def events_of(account: str, count: int) -> list[dict[str, Any]]:
    """Lively use by many members today: what the model has not seen of a quiet account."""
    now = datetime.now(UTC)
    return [
        {
            "id": f"journey-{uuid4()}",
            "accountId": account,
            "memberId": f"m{number % 40}",
            "feature": f"f{number % 9}",
            "occurredAt": (now - timedelta(minutes=number)).isoformat(),
        }
        for number in range(count)
    ]


async def test_events_become_a_score_that_reaches_subscribers_in_seconds(
    stack: Stack, partner: Client
) -> None:
    riskiest = await partner.data(RISKIEST, first=1)
    account = riskiest["atRisk"]["nodes"][0]["account"]["id"]
    before = riskiest["atRisk"]["nodes"][0]["risk"]["id"]
    chosen = {"accountIds": [account]}
    by_socket = partner.over_websocket(UPDATES, filter=chosen)
    by_sse = partner.over_sse(UPDATES, filter=chosen)
    waiting = [asyncio.create_task(anext(by_socket)), asyncio.create_task(anext(by_sse))]
    await asyncio.sleep(1)
    started = datetime.now(UTC)

    receipts = await partner.post("events", events_of(account, 300))
    messages = await asyncio.wait_for(asyncio.gather(*waiting), 20)
    took = datetime.now(UTC) - started

    assert {receipt["status"] for receipt in receipts} == {"accepted"}
    updates = [message["data"]["riskUpdates"] for message in messages]
    assert updates[0] == updates[1]
    assert updates[0]["account"]["id"] == account
    assert updates[0]["risk"]["id"] != before
    print(f"event accepted → update at the subscriber: {took.total_seconds():.2f} s")  # noqa: T201
    await history_agrees(partner, account, started, updates[0]["risk"]["id"])


async def history_agrees(partner: Client, account: str, since: datetime, newest: str) -> None:
    """The newest score is the one that was told, and the change leads to it."""
    answer = await partner.data(
        HISTORY, id=account, **{"from": since.isoformat(), "to": datetime.now(UTC).isoformat()}
    )
    history = answer["account"]["riskHistory"]["nodes"]
    change = answer["account"]["riskChange"]
    assert history[0]["id"] == newest == change["to"]["id"]
    # other work of the stack may have scored it once more in between, and have told nothing
    older = next(score for score in history if datetime.fromisoformat(score["scoredAt"]) <= since)
    assert change["from"]["id"] == older["id"] != newest
    values = [score["renewalProbability"] for score in (history[0], older)]
    if all(values):
        assert change["change"] == pytest.approx(values[0]["value"] - values[1]["value"], abs=1e-12)


async def test_a_subscriber_that_comes_back_misses_nothing(stack: Stack, partner: Client) -> None:
    riskiest = await partner.data(RISKIEST, first=9)
    nodes = [node["account"] for node in riskiest["atRisk"]["nodes"]]
    # What another test made lively does not become much livelier, and nobody hears of it again.
    accounts = [each["id"] for each in nodes if each["usage"]["events28"]["value"] < 100][:3]
    live = partner.over_websocket(UPDATES, filter={"accountIds": accounts})
    first = asyncio.create_task(anext(live))
    await asyncio.sleep(1)
    await partner.post("events", events_of(accounts[2], 200))
    cursor = (await asyncio.wait_for(first, 20))["data"]["riskUpdates"]["cursor"]
    await live.aclose()

    for account in accounts[:2]:
        await partner.post("events", events_of(account, 250))

    missed: set[str] = set()
    replay = partner.over_sse(UPDATES, after=cursor, filter={"accountIds": accounts})
    async with asyncio.timeout(20):
        async for message in replay:
            missed.add(message["data"]["riskUpdates"]["account"]["id"])
            if missed >= set(accounts[:2]):
                break


async def test_events_of_a_new_account_sent_at_once_are_not_lost(
    stack: Stack, partner: Client
) -> None:
    source = {"source": "crm", "id": f"new-{uuid4()}"}
    created = await partner.data(
        """mutation New($input: AccountUpsertInput!) {
          accountUpsert(input: $input) { account { id } userErrors { field message } }
        }""",
        input={"externalId": source, "name": "Newcomer"},
    )
    account = created["accountUpsert"]["account"]["id"]
    rows = [{**row, "externalId": source} for row in events_of(account, 20)]
    for row in rows:
        del row["accountId"]

    receipts = await partner.post("events", rows)
    assert {receipt["status"] for receipt in receipts} <= {"accepted", "pending"}

    async def counted() -> bool:
        answer = await partner.data(
            "query($id: ID!) { account(id: $id) { usage { events28 { value } } } }", id=account
        )
        usage = answer["account"]["usage"]
        return usage is not None and usage["events28"]["value"] == 20

    await until(counted, 10)
    again = await partner.post("events", rows)
    assert {receipt["status"] for receipt in again} == {"duplicate"}


async def test_a_new_member_gets_a_learning_path_without_anyone_asking(
    stack: Stack, partner: Client
) -> None:
    riskiest = await partner.data(RISKIEST, first=1)
    account = riskiest["atRisk"]["nodes"][0]["account"]["id"]
    added = await partner.post(
        "members",
        [{"accountId": account, "externalId": f"n{uuid4()}", "role": "user", "level": 0}],
    )
    member = added[0]["id"]

    async def path() -> Any:
        answer = await partner.data(
            """query($id: ID!) { node(id: $id) { ... on Member {
              learningPath { minutes items { position course { code } } } } } }""",
            id=global_id("Member", UUID(member)),
        )
        return answer["node"]["learningPath"]

    learning_path = await until(path, 10)
    assert learning_path["items"]

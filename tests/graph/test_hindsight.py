"""Looking back through the graph: expectations kept, losses explained, who had been right."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.risk.actions import models as models_actions
from services.risk.actions import scores as scores_actions
from services.risk.domain.queue import UpdateReason
from services.risk.store import directory
from services.risk.store.queue import ask
from shared.graphql.scalars import global_id
from shared.platform.auth import Principal
from shared.platform.config import Settings
from tests.conftest import DatabaseOf
from tests.graph.processes import Suite, fill, of
from tests.services.risk.examples import a_model, a_score, an_end, later

NOW = datetime.now(UTC)
RECORD = """mutation {{ expectationRecord(input: {{
  accountId: "{account}", renewalProbability: {chance}, note: {note}
}}) {{
  expectation {{ renewalProbability modelProbability statedBy note }}
  userErrors {{ field code message }}
}} }}"""


async def scored(suite: Suite, principal: Principal, account: UUID, days_ago: float = 1) -> float:
    """A score served so long ago; its chance of renewal."""
    model = a_model()
    score = a_score(model, hazard=0.1, scored_at=NOW - timedelta(days=days_ago))
    fresh = later(score, account)
    async with suite.databases["risk"].write(principal.tenant_id) as conn:
        await models_actions.publish(conn, model, principal)
        await ask(conn, [account], UpdateReason.NEW_DATA)
        await scores_actions.save(conn, [fresh])
    assert fresh.score.renewal_probability is not None
    return fresh.score.renewal_probability


async def ended(suite: Suite, principal: Principal, account: UUID, in_days: int) -> str:
    """The account's contract is lost on a day; that day."""
    day = (NOW + timedelta(days=in_days)).date()
    async with suite.databases["risk"].write(principal.tenant_id) as conn:
        await directory.save_outcomes(conn, [an_end(account, day)])
    return day.isoformat()


async def recorded(
    suite: Suite, principal: Principal, account: object, chance: float, note: str = "null"
) -> Any:
    mutation = RECORD.format(account=account, chance=chance, note=note)
    data, _ = await suite.ask(principal, mutation)
    return data["expectationRecord"]


HEALTH = """{{
  account(id: "{account}") {{
    health {{ value band coverage version parts {{ area value weight inputs {{ name value }} }} }}
    before: health(asOf: "{before}") {{ value }}
  }}
  healthCheck(from: "{start}", to: "{end}") {{
    daysBefore n auc forecastAuc bands {{ band n renewed }}
  }}
}}"""


@pytest.fixture
async def suite(settings: Settings, database: DatabaseOf) -> Suite:
    return await of(settings, database)


async def test_an_expectation_is_kept_beside_the_models_and_listed_newest_first(
    suite: Suite, principal: Principal
):
    (key,) = await fill(suite, principal, 1)
    chance = await scored(suite, principal, key)
    account = global_id("Account", key)
    expectation = await recorded(suite, principal, account, 0.9, '"they love it"')
    assert expectation == {
        "expectation": {
            "renewalProbability": 0.9,
            "modelProbability": pytest.approx(chance),
            "statedBy": principal.subject,
            "note": "they love it",
        },
        "userErrors": [],
    }
    await recorded(suite, principal, account, 0.2)
    data, calls = await suite.ask(
        principal,
        f'{{ account(id: "{account}") {{ name expectations(first: 1) {{'
        " nodes { renewalProbability note } pageInfo { hasNextPage } } } }",
    )
    page = data["account"]["expectations"]
    assert page["nodes"] == [{"renewalProbability": 0.2, "note": None}]
    assert page["pageInfo"]["hasNextPage"]
    assert calls["risk"] == 1


async def test_what_is_no_chance_and_who_is_no_account_is_told_as_a_user_error(
    suite: Suite, principal: Principal
):
    (key,) = await fill(suite, principal, 1)
    await scored(suite, principal, key)
    wrong = await recorded(suite, principal, global_id("Account", key), 1.5)
    assert wrong["expectation"] is None
    assert [(error["field"], error["code"]) for error in wrong["userErrors"]] == [
        ("renewalProbability", "INVALID_INPUT")
    ]
    assert "1.5" in wrong["userErrors"][0]["message"]
    assert "0 to 1" in wrong["userErrors"][0]["message"]
    stranger = await recorded(suite, principal, global_id("Account", UUID(int=9)), 0.5)
    assert [error["code"] for error in stranger["userErrors"]] == ["NOT_FOUND"]


async def test_who_may_only_read_keeps_no_expectation(suite: Suite, principal: Principal):
    (key,) = await fill(suite, principal, 1)
    await scored(suite, principal, key)
    reader = Principal(principal.tenant_id, "reader", ("read",))
    mutation = RECORD.format(account=global_id("Account", key), chance=0.5, note="null")
    result = await suite.run(reader, mutation)
    assert result.errors is not None
    assert "act" in str(result.errors[0])
    account = f'account(id: "{global_id("Account", key)}")'
    data, _ = await suite.ask(reader, f"{{ {account} {{ expectations {{ nodes {{ note }} }} }} }}")
    assert data["account"]["expectations"]["nodes"] == []


async def test_a_loss_is_shown_as_it_was_forecast_and_to_its_tenant_alone(
    suite: Suite, principal: Principal, other_tenant: UUID
):
    (key,) = await fill(suite, principal, 1)
    account = global_id("Account", key)
    query = f"""{{ account(id: "{account}") {{ postMortem {{
      endedOn looks {{ daysBefore risk {{ renewalProbability {{ value }} }}
        known {{ name value source }} }}
    }} }} }}"""
    data, _ = await suite.ask(principal, query)
    assert data["account"]["postMortem"] is None
    chance = await scored(suite, principal, key, days_ago=45)
    day = await ended(suite, principal, key, 0)
    data, _ = await suite.ask(principal, query)
    post_mortem = data["account"]["postMortem"]
    assert post_mortem["endedOn"] == day
    assert [look["daysBefore"] for look in post_mortem["looks"]] == [90, 60, 30]
    assert [look["risk"] for look in post_mortem["looks"][:2]] == [None, None]
    served = post_mortem["looks"][2]
    assert served["risk"]["renewalProbability"]["value"] == pytest.approx(chance)
    assert served["known"] == [{"name": "events_28d", "value": "3", "source": "usage"}]
    stranger = Principal(other_tenant, "stranger", principal.scopes)
    result = await suite.run(stranger, query)
    assert result.data is None or result.data["account"] is None


async def test_model_and_people_are_scored_on_contracts_of_which_both_had_spoken(
    suite: Suite, principal: Principal
):
    key, silent = await fill(suite, principal, 2)
    chance = await scored(suite, principal, key)
    await recorded(suite, principal, global_id("Account", key), 0.9)
    day = await ended(suite, principal, key, 91)
    async with suite.databases["risk"].write(principal.tenant_id) as conn:
        last_on = datetime.fromisoformat(day).date()
        other = an_end(silent, last_on, renewed=True, contract=2)
        await directory.save_outcomes(conn, [other])
    after = (datetime.fromisoformat(day) + timedelta(days=1)).date()
    query = """{{ disagreement(from: "{start}", to: "{end}", daysBefore: {days}) {{
      daysBefore n modelBrier personBrier
      opinions {{ endedOn renewed model person statedBy account {{ name }} }}
    }} }}"""
    data, _ = await suite.ask(principal, query.format(start=day, end=after, days=90))
    disagreement = data["disagreement"]
    assert (disagreement["daysBefore"], disagreement["n"]) == (90, 1)
    assert disagreement["personBrier"] == pytest.approx(0.81)
    assert disagreement["modelBrier"] == pytest.approx(chance**2)
    (opinion,) = disagreement["opinions"]
    assert opinion == {
        "endedOn": day,
        "renewed": False,
        "model": pytest.approx(chance),
        "person": 0.9,
        "statedBy": principal.subject,
        "account": {"name": "Company 00"},
    }
    data, _ = await suite.ask(principal, query.format(start=day, end=after, days=180))
    assert data["disagreement"]["modelBrier"] is None
    assert data["disagreement"]["opinions"] == []
    refused = await suite.run(principal, query.format(start=day, end=after, days=0))
    assert refused.errors is not None
    assert "1 to 365" in str(refused.errors[0])


async def test_health_is_told_with_its_parts_and_held_against_what_came(
    suite: Suite, principal: Principal
) -> None:
    (account,) = await fill(suite, principal, 1)
    model = a_model()
    score = later(a_score(model, scored_at=NOW - timedelta(days=100)), account)
    async with suite.databases["risk"].write(principal.tenant_id) as conn:
        await models_actions.publish(conn, model, principal)
        await ask(conn, [account], UpdateReason.NEW_DATA)
        await scores_actions.save(
            conn, [replace(score, inputs={"usage": {"active_days_28d": 15.0}})]
        )
    day = await ended(suite, principal, account, in_days=0)
    query = HEALTH.format(
        account=global_id("Account", account),
        before=(NOW - timedelta(days=101)).isoformat(),
        start=day,
        end=(NOW + timedelta(days=1)).date(),
    )
    data, _ = await suite.ask(principal, query)
    health = data["account"]["health"]
    assert (health["value"], health["band"], health["coverage"]) == (75, "YELLOW", 0.4)
    usage, education = health["parts"][:2]
    assert usage["inputs"] == [{"name": "active_days_28d", "value": 15}]
    assert (education["value"], education["weight"]) == (None, 0)
    assert data["account"]["before"] is None
    check = data["healthCheck"]
    assert (check["daysBefore"], check["n"], check["auc"]) == (90, 1, None)
    assert check["bands"][1] == {"band": "YELLOW", "n": 1, "renewed": 0}

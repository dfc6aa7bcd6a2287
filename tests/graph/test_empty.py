"""Every field of the graph, asked where there is little or nothing: no error, no broken promise."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from msgspec.structs import fields

from graph.schema import BY_ID
from services.risk.actions import hindsight as hindsight_actions
from services.risk.actions import models as models_actions
from services.risk.actions import release
from shared.intake.of_account import OfAccount
from shared.intake.rows import BulkRoute, receive
from shared.platform.auth import Principal
from shared.platform.config import Settings
from shared.process.service import Service
from shared.vocabulary.ids import global_id
from tests.conftest import DatabaseOf
from tests.graph.processes import ACCOUNTS, SERVICES, USAGE, Suite, kinds_of, of, take
from tests.graph.questions import UNLIMITED, Questions, object_type, reachable
from tests.services.risk.examples import a_model

QUERY, MUTATION = object_type("Query"), object_type("Mutation")
BY_KEY = {"node", "nodes"}
NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
OWNERS = {"accountId": "Account", "memberId": "Member"}
TYPES = {"accounts": "Account", "members": "Member", "contracts": "Contract", "courses": "Course"}
ROW: dict[str, Any] = {
    "amountCents": 100,
    "atLeast": 2,
    "attemptedAt": NOW - HOUR,
    "autoRenew": False,
    "code": "a",
    "coreAction": "reports",
    "courseCode": "a",
    "currency": "EUR",
    "dueOn": NOW.date(),
    "feature": "reports",
    "features": ["reports"],
    "id": "1",
    "interval": "month",
    "invoiceId": "1",
    "issuedAt": NOW - HOUR,
    "job": "Report",
    "key": "report",
    "kind": "started",
    "level": 1,
    "method": "card",
    "minutes": 9,
    "modality": "lab",
    "name": "Acme",
    "naturalFrequencyDays": 7,
    "occurredAt": NOW - HOUR,
    "openedAt": NOW - HOUR,
    "plan": "team",
    "quantity": 1,
    "severity": "low",
    "skill": "s",
    "startedAt": NOW - HOUR,
    "startOn": NOW.date(),
    "succeeded": True,
    "suggests": "Schedule it",
    "termMonths": 1,
    "ticketClass": "bug",
    "title": "Reports",
    "unitPriceCents": 100,
    "validFrom": NOW - HOUR,
    "within": "day",
}
"""A value for each field that some row cannot do without."""

Ids = dict[str, UUID]
"""Of each type of the graph the one thing there is; where there is none, an id of nothing."""


@pytest.fixture
async def suite(settings: Settings, database: DatabaseOf) -> Suite:
    return await of(settings, database)


async def nothing(suite: Suite, principal: Principal) -> Ids:
    """A tenant that was made a moment ago."""
    return {kind: uuid4() for kind in BY_ID}


async def an_account(suite: Suite, principal: Principal) -> Ids:
    """A customer without anything, of whom no other service has heard."""
    ids = await nothing(suite, principal)
    await bare(suite, principal, ACCOUNTS, kinds_of(ACCOUNTS)[0], ids)
    return ids


async def heard_of(suite: Suite, principal: Principal) -> Ids:
    """A customer with a member and a contract, of whom everybody has heard."""
    ids = await an_account(suite, principal)
    for kind in kinds_of(ACCOUNTS)[1:3]:
        await bare(suite, principal, ACCOUNTS, kind, ids)
    await suite.settle(principal.tenant_id)
    return ids


async def one_of_each(suite: Suite, principal: Principal) -> Ids:
    """One of everything that can be sent in, and a model that has scored the account."""
    ids = await nothing(suite, principal)
    for service in SERVICES:
        for kind in kinds_of(service):
            await bare(suite, principal, service, kind, ids)
        await suite.settle(principal.tenant_id)
    async with suite.databases["risk"].write(principal.tenant_id) as conn:
        await models_actions.publish(conn, a_model(), principal)
        await hindsight_actions.expect(conn, ids["Account"], 0.5, None, principal)
        ids["TrainingRun"] = (await release.request_training(conn, principal)).run_id
    await suite.settle(principal.tenant_id)
    return ids


async def bare(
    suite: Suite, principal: Principal, service: Service, kind: BulkRoute, ids: Ids
) -> None:
    """A row with nothing but what it cannot do without."""
    owners = {name: str(ids[of]) for name, of in OWNERS.items()}
    needed = [field.encode_name for field in fields(kind.row) if field.required]
    needed += ["name"] if kind.name == "accounts" else []
    needed += ["accountId"] if issubclass(kind.row, OfAccount) else []
    row = {name: (ROW | owners)[name] for name in needed}
    if kind.name == "events":
        await turned_away(suite, principal, row)
        row |= {"accountId": owners["accountId"]}
    receipts = await take(suite, principal, service, kind.name, [row])
    if kind.name in TYPES:
        (ids[TYPES[kind.name]],) = receipts


async def turned_away(suite: Suite, principal: Principal, event: dict[str, Any]) -> None:
    """An event of nobody, and one of a customer nobody has heard of."""
    waiting = {**event, "id": "2", "externalId": {"source": "crm", "id": "nobody"}}
    rows = msgspec.json.encode([event, waiting])
    async with suite.databases["usage"].write(principal.tenant_id) as conn:
        receipts = await receive(conn, principal, kinds_of(USAGE)[0], rows)
    assert [receipt.status for receipt in receipts] == ["rejected", "pending"]


@pytest.mark.parametrize("prepare", [nothing, an_account, heard_of, one_of_each])
async def test_every_field_answers(
    prepare: Callable[[Suite, Principal], Awaitable[Ids]], suite: Suite, principal: Principal
) -> None:
    ids = await prepare(suite, principal)
    questions = Questions(arguments(ids))
    each = [questions.question(QUERY, name) for name in QUERY.fields if name not in BY_KEY]
    each += [questions.node(kind, global_id(kind, key)) for kind, key in ids.items()]
    assert questions.fields | {f"Query.{name}" for name in BY_KEY} == set(reachable())

    types = [name for question in each for name in await answered(suite, principal, question)]

    assert "Account" in types or prepare is nothing


@pytest.mark.parametrize("prepare", [nothing, an_account, heard_of, one_of_each])
@pytest.mark.parametrize("hours", [-10_000, 10_000])
async def test_every_field_answers_as_of_a_moment(
    hours: int,
    prepare: Callable[[Suite, Principal], Awaitable[Ids]],
    suite: Suite,
    principal: Principal,
) -> None:
    ids = await prepare(suite, principal)
    questions = Questions(arguments(ids) | {"asOf": f'"{(NOW + hours * HOUR).isoformat()}"'})
    for name, field in QUERY.fields.items():
        if "asOf" in field.args:
            await answered(suite, principal, questions.question(QUERY, name))


async def answered(suite: Suite, principal: Principal, question: str) -> list[str]:
    """Ask, and have no error; which of the things asked for there are."""
    result = await UNLIMITED.execute(f"{{ {question} }}", context_value=suite.context(principal))
    assert result.errors is None, (question[:80], result.errors)
    return [name for name, answer in (result.data or {}).items() if answer]


@pytest.mark.parametrize("prepare", [nothing, one_of_each])
async def test_every_mutation_answers_with_a_payload(
    prepare: Callable[[Suite, Principal], Awaitable[Ids]], suite: Suite, principal: Principal
) -> None:
    ids = await prepare(suite, principal)
    questions = Questions(arguments(ids))
    for name in MUTATION.fields:
        deed = f"mutation {{ {questions.question(MUTATION, name)} }}"
        result = await UNLIMITED.execute(deed, context_value=suite.context(principal))
        assert result.errors is None, (name, result.errors)
        assert result.data
        assert result.data[name]


def arguments(ids: Ids) -> dict[str, str]:
    account = f'"{global_id("Account", ids["Account"])}"'
    member = f'"{global_id("Member", ids["Member"])}"'
    return {
        "account.id": account,
        "accountId": account,
        "accountIds": f"[{account}]",
        "memberId": member,
        "changes": "[]",
    }

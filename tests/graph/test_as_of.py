"""What is asked for as of a moment: every service speaks of that moment, whatever came later."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from shared.graphql.scalars import global_id
from shared.platform.auth import Principal
from shared.platform.config import Settings
from shared.process.service import Service
from tests.conftest import DatabaseOf
from tests.graph.history import History
from tests.graph.history_rows import HEAVY, ago
from tests.graph.processes import ACCOUNTS, BILLING, LEARNING, USAGE, Suite, of, take
from tests.graph.questions import UNLIMITED, Questions, dated, object_type, shown
from tests.services.usage.examples import named

Answers = Mapping[str, list[Any]]
"""Every `Type.field` that was told, with its values in order."""
NEVER_TOLD = {
    "Invoice.paidAt": "an invoice that is due is not paid",
    "Replay.differing": "a score comes out the same",
    "Risk.staleInputs": "every service answers",
    "RiskChange.unexplained": "both scores can be read",
}
"""What is empty in all answers, and why that is right."""
UNCHANGED = {
    "Invoice.paidAt": "an invoice that is due is not paid",
    "JourneyStep.dropped": "follows from changeAfter, which moved, but not as far",
    "LowUsage.isLow": "follows from z and againstPeers, which moved, but not as far",
    "Member.externalId": "a member is known by it",
    "Member.id": "what a thing is called by never changes",
    "PageInfo.hasPreviousPage": "only first pages are asked for",
    "SeatUse.band": "follows from ratio, which moved, but not as far",
    "WeekOfUse.startAt": "the weeks are the same",
}
"""What is the same now as it was then, and why: of all else the test has seen that it moved."""
EARLY, MIDDLE, LATE = 20, 10, 5
PART = """{
  name
  usage { events28 { value } }
  billing { mrr { cents } }
  members { nodes { role account { name } mastery { courses } } }
}"""


async def versions(
    suite: Suite, caller: Principal, service: Service, kind: str, **row: Any
) -> UUID | None:
    """A row as it was told early, and what changed late: values given as pairs."""
    receipts = None
    for version, days in enumerate((EARLY, LATE)):
        values = {k: v[version] if isinstance(v, tuple) else v for k, v in row.items()}
        receipts = await take(suite, caller, service, kind, [{**values, "recordedAt": ago(days)}])
    return receipts[0] if receipts else None


async def test_all_services_speak_of_the_moment_asked_for(
    settings: Settings, database: DatabaseOf, principal: Principal
) -> None:
    suite = await of(settings, database)
    (key,) = await take(
        suite, principal, ACCOUNTS, "accounts", [{"name": "Acme", "recordedAt": ago(EARLY)}]
    )
    await named(suite.databases["usage"], principal.tenant_id, key)
    account = {"accountId": str(key)}
    renamed = {"id": str(key), "name": "Acme II", "recordedAt": ago(LATE)}
    await take(suite, principal, ACCOUNTS, "accounts", [renamed])
    member = await versions(
        suite, principal, ACCOUNTS, "members", **account, externalId="m", startedAt=ago(EARLY),
        role=("user", "admin"),
    )  # fmt: skip
    await versions(
        suite, principal, BILLING, "subscriptions", **account, id="line", plan="team",
        quantity=(10, 20), unitPriceCents=1_500, interval="month", currency="EUR",
        startedAt=ago(EARLY),
    )  # fmt: skip
    await versions(
        suite, principal, USAGE, "events", **account, id=("1", "2"), feature="reports",
        occurredAt=(ago(EARLY), ago(LATE)),
    )  # fmt: skip
    course = {"code": "a", "title": "A", "minutes": 9, "skill": "s", "level": 1, "modality": "lab"}
    await take(suite, principal, LEARNING, "courses", [{**course, "recordedAt": ago(EARLY)}])
    step = {"id": "1", "memberId": str(member), "courseCode": "a", "kind": "completed"}
    learnt = {**account, **step, "occurredAt": ago(LATE), "recordedAt": ago(LATE)}
    await take(suite, principal, LEARNING, "progress", [learnt])

    account_id = global_id("Account", key)
    data, _ = await suite.ask(
        principal,
        f'{{ now: account(id: "{account_id}") {PART}'
        f' then: account(id: "{account_id}", asOf: "{ago(MIDDLE).isoformat()}") {PART} }}',
    )

    assert data["then"] == as_known("Acme", 1, 15_000, "user", [])
    assert data["now"] == as_known("Acme II", 2, 30_000, "admin", [{"courses": ["a"]}])


def as_known(name: str, events: int, cents: int, role: str, mastery: list[Any]) -> dict[str, Any]:
    """The account as the query shows it."""
    return {
        "name": name,
        "usage": {"events28": {"value": events}},
        "billing": {"mrr": {"cents": cents}},
        "members": {"nodes": [{"role": role, "account": {"name": name}, "mastery": mastery}]},
    }


async def test_what_was_known_at_a_moment_is_the_same_for_ever(
    settings: Settings, database: DatabaseOf, principal: Principal
) -> None:
    history = History(await of(settings, database), principal)
    await history.before()
    moment = datetime.now(UTC)
    first = await answers(history, moment)

    await history.after()

    again = await answers(history, moment)
    assert [field for field in first if again.get(field) != first[field]] == []
    assert json.dumps(again) == json.dumps(first)
    assert {field for field in first if not any(map(is_told, first[field]))} <= set(NEVER_TOLD)
    now = await answers(history, datetime.now(UTC))
    assert {field for field in first if now.get(field) == first[field]} <= set(UNCHANGED)


async def answers(history: History, moment: datetime) -> Answers:
    """All that can be asked for as of the moment, of the accounts with some of everything."""
    by_field: dict[str, list[Any]] = defaultdict(list)
    for n in range(HEAVY):
        values = arguments(history, n, moment)
        keys = {"Account": history.accounts[n], "Member": history.people[f"m{n}-0"]}
        every = Questions(values)
        for kind, question in questions(keys, every):
            context = history.suite.context(history.principal)
            result = await UNLIMITED.execute(f"{{ {question} }}", context_value=context)
            assert result.errors is None, (question[:80], result.errors)
            assert result.data
            data = result.data if kind == "Query" else result.data["node"]
            for field, value in shown(object_type(kind), data):
                by_field[field].append(value)
        for field in every.fields - by_field.keys():
            if "Edge." not in field:
                by_field[field] = []
    return by_field


def questions(keys: Mapping[str, UUID], every: Questions) -> Iterator[tuple[str, str]]:
    for kind, name in dated():
        question = every.question(object_type(kind), name)
        if kind == "Query":
            yield kind, question
        else:  # of an object as it is now, one field as it was then
            key = global_id(kind, keys[kind])
            yield kind, f'node(id: "{key}") {{ ... on {kind} {{ {question} }} }}'
    name = '{source: "erp", id: "also"}'
    yield "Query", f"account(externalId: {name}, asOf: {every.values['asOf']}) {{ id }}"


def arguments(history: History, n: int, moment: datetime) -> dict[str, str]:
    account = f'"{global_id("Account", history.accounts[n])}"'
    return {
        "asOf": f'"{moment.isoformat()}"',
        "account.id": account,
        "accountId": account,
        "accountIds": f"[{account}]",
        "member": f'"m{n}-0"',
        "from": f'"{ago(45).isoformat()}"',
        "to": f'"{(moment + timedelta(days=1)).isoformat()}"',
        "changes": '[{feature: "events_28d", value: "100000"}]',
        "first": "3",
        "members.first": "9",  # all of an account: who left may stand anywhere among them
    }


def is_told(value: Any) -> bool:
    return value is not None and value != []

"""An account asked for as of a moment: every service speaks of that moment."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from shared.graphql.scalars import global_id
from shared.platform.auth import Principal
from shared.platform.config import Settings
from shared.process.service import Service
from tests.conftest import DatabaseOf
from tests.graph.suite import ACCOUNTS, BILLING, LEARNING, USAGE, Suite, of, take
from tests.services.usage.rows import named

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
EARLY, ASKED, LATE = 20, 10, 5
PART = """{
  name
  usage { events28 { value } }
  billing { mrr { cents } }
  members { nodes { role account { name } mastery { courses } } }
}"""


def ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


async def versions(
    suite: Suite, caller: Principal, service: Service, kind: str, **row: Any
) -> UUID | None:
    """A row as it was told early, and what changed late: values given as pairs."""
    taken = None
    for version, days in enumerate((EARLY, LATE)):
        values = {k: v[version] if isinstance(v, tuple) else v for k, v in row.items()}
        taken = await take(suite, caller, service, kind, [{**values, "recordedAt": ago(days)}])
    return taken[0] if taken else None


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
        f' then: account(id: "{account_id}", asOf: "{ago(ASKED)}") {PART} }}',
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

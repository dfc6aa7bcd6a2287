"""Whatever a row holds, on whatever route: it costs itself only, never its neighbours."""

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from io import BytesIO
from itertools import islice
from typing import Any
from uuid import uuid4

import aiohttp
import msgspec
import pytest

from shared.intake.rows import BulkRoute
from shared.platform import auth
from shared.platform.auth import Principal, Signer
from shared.platform.config import Settings
from shared.process.service import Service, build
from tests.serving import serving

SERVICES: dict[str, Service] = {
    name: import_module(f"services.{name}.app").SERVICE
    for name in ("accounts", "usage", "billing", "learning")
}
ROUTES = [
    (name, kind)
    for name, service in SERVICES.items()
    for kinds in service.bulk_routes.values()
    for kind in kinds
]
ACCOUNT, MEMBER = f"{uuid4()}", f"{uuid4()}"
AGO = (datetime.now(UTC) - timedelta(days=3)).isoformat()


def code() -> str:
    return uuid4().hex


GOOD: dict[str, Callable[[], dict[str, Any]]] = {
    "accounts": lambda: {"externalId": {"source": "crm", "id": code()}, "name": "Acme"},
    "members": lambda: {"accountId": ACCOUNT, "externalId": code()},
    "contracts": lambda: {
        "id": f"{uuid4()}", "accountId": ACCOUNT, "startOn": "2026-01-01", "termMonths": 12,
        "autoRenew": True,
    },
    "tickets": lambda: {
        "id": code(), "accountId": ACCOUNT, "openedAt": AGO, "severity": "low",
        "ticketClass": "bug",
    },
    "events": lambda: {"id": code(), "accountId": ACCOUNT, "feature": "f", "occurredAt": AGO},
    "features": lambda: {"key": code()},
    "use-cases": lambda: {
        "key": code(), "job": "plan", "coreAction": "f", "naturalFrequencyDays": 7,
    },
    "milestones": lambda: {"key": code(), "title": "First", "features": ["f"]},
    "manual-rules": lambda: {
        "key": code(), "feature": "f", "atLeast": 3, "within": "day", "suggests": "g",
    },
    "subscriptions": lambda: {
        "id": code(), "accountId": ACCOUNT, "plan": "team", "quantity": 1, "unitPriceCents": 100,
        "interval": "month", "currency": "EUR", "startedAt": AGO,
    },
    "invoices": lambda: {
        "id": code(), "accountId": ACCOUNT, "amountCents": 1, "currency": "EUR", "issuedAt": AGO,
        "dueOn": "2026-02-01",
    },
    "payments": lambda: {
        "id": code(), "invoiceId": code(), "accountId": ACCOUNT, "attemptedAt": AGO,
        "succeeded": True,
    },
    "payment-methods": lambda: {"accountId": f"{uuid4()}", "method": "card", "validFrom": AGO},
    "courses": lambda: {
        "code": code(), "title": "Basics", "minutes": 5, "skill": "s", "level": 1,
        "modality": "video",
    },
    "progress": lambda: {
        "id": code(), "accountId": ACCOUNT, "memberId": MEMBER, "courseCode": "start",
        "kind": "started", "occurredAt": AGO,
    },
}  # fmt: skip

MOMENTS = [
    f'"{day}T{clock}{zone}"'
    for day, clock in (("0001-01-01", "00:00:00"), ("9999-12-31", "23:59:59"),
                       ("1899-12-31", "23:59:59.9999999"), ("2199-12-31", "23:59:59.9999999"))
    for zone in ("Z", "+14:00", "-14:00", "", "+24:00")
]  # fmt: skip
HOSTILE = [
    *MOMENTS,
    "null", "true", "0", "-1", "-0", "0.5", "1e308", "1e400", "-1e400", "5e-324", "NaN",
    "Infinity", "2147483648", f"{2**63}", f"{-(2**63) - 1}", "9" * 400, "9" * 5_000,
    '""', '" "', '"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"\\udc00\\ud800"', '"\\u001f"',
    f'"{"x" * 3_000}"', f'"{"☃" * 3_000}"', f'"{"x" * 40_000}"', '"$1; --\'"', '"-infinity"',
    '"infinity"', '"2026-02-30"', '"0001-01-01"', '"9999-12-31"', '"24:00"', '"{}"',
    "{}", "[]", "[null]", "[[]]", '{"a":{"a":1}}', '["", ""]', '{"source":"s"}',
    '{"source":"\\u0000","id":"1"}', '{"":null}', '{"\\u0000":1}', '{"a":1,"a":2}',
    "[" * 500 + "]" * 500, "[" * 5_000 + "]" * 5_000, '{"a":' * 5_000 + "1" + "}" * 5_000,
]  # fmt: skip


class Sent(msgspec.Struct):
    """A row as text, and whether it must be accepted."""

    text: str
    is_good: bool


def good(kind: BulkRoute) -> Sent:
    return Sent(msgspec.json.encode(GOOD[kind.name]()).decode(), is_good=True)


def hostile(kind: BulkRoute) -> Iterator[Sent]:
    """Each value in each field, the field twice, a field nobody knows, and no row at all."""
    fields = [field.encode_name for field in msgspec.structs.fields(kind.row)]
    for name in fields:
        for value in HOSTILE:
            row = {key: item for key, item in GOOD[kind.name]().items() if key != name}
            others = msgspec.json.encode(row).decode()[1:-1]
            yield Sent(f'{{{others + "," if others else ""}"{name}":{value}}}', is_good=False)
    for value in HOSTILE:
        yield Sent(value, is_good=False)
        whole = good(kind).text
        yield Sent(f'{whole[:-1]},"{fields[0]}":{value}}}', is_good=False)
        yield Sent(f'{whole[:-1]},"unheard":{value}}}', is_good=False)


class Door:
    """A running service, and what it answers."""

    def __init__(self, settings: Settings, session: aiohttp.ClientSession, caller: Principal):
        self._settings = settings
        self._session = session
        self._caller = caller

    async def send(self, service: str, route: str, rows: list[Sent], kind: str) -> Any:
        texts = [row.text for row in rows]
        body = "\n".join(texts) if "ndjson" in kind else "[" + ",".join(texts) + "]"
        headers = {auth.HEADER: Signer(self._settings).seal(self._caller), "content-type": kind}
        url = f"{self._settings.service_url(service)}/v1/{route}"
        async with self._session.post(url, data=BytesIO(body.encode()), headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)


@asynccontextmanager
async def doors(settings: Settings, caller: Principal) -> AsyncGenerator[Door]:
    """All four services, with an account and a course to speak of."""
    async with AsyncExitStack() as stack:
        for name, service in SERVICES.items():
            port = settings.service_port(name)
            await stack.enter_async_context(serving(build(service, settings), port))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        door = Door(settings, session, caller)
        account = msgspec.json.encode({"id": ACCOUNT, "name": "Acme"}).decode()
        course = msgspec.json.encode({**GOOD["courses"](), "code": "start"}).decode()
        for service, route, text in (("accounts", "accounts", account),
                                     ("learning", "courses", course)):  # fmt: skip
            await door.send(service, route, [Sent(text, is_good=True)], "application/json")
        yield door


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["application/json", "application/x-ndjson"])
async def test_a_hostile_row_costs_itself_only(
    settings: Settings, principal: Principal, kind: str
) -> None:
    async with doors(settings, principal) as door:
        for service, route in ROUTES:
            # The lines take the same way behind the reader: a few of each kind are enough.
            spoiled = list(islice(hostile(route), 0, None, 1 if kind == "application/json" else 7))
            for at in range(0, len(spoiled), 100):
                rows = [each for bad in spoiled[at : at + 100] for each in (bad, good(route))]
                status, answer = await door.send(service, route.name, rows, kind)
                await _judge(door, service, route, rows, kind, status, answer)


async def _judge(
    door: Door,
    service: str,
    route: BulkRoute,
    rows: list[Sent],
    kind: str,
    status: int,
    answer: Any,
) -> None:
    if status != 202 and len(rows) > 2:  # whose fault is it?
        for bad, fine in zip(rows[::2], rows[1::2], strict=True):
            alone = await door.send(service, route.name, [bad, fine], kind)
            assert alone[0] == 202, (route.name, bad.text[:300], alone)
    assert status == 202, (route.name, answer)
    receipts = answer["receipts"]
    assert [receipt["row"] for receipt in receipts] == list(range(len(rows)))
    for row, receipt in zip(rows, receipts, strict=True):
        if row.is_good:
            assert receipt["status"] == "accepted", (route.name, receipt)
        elif receipt["status"] == "rejected":
            assert receipt["field"], (route.name, row.text[:300])
            assert receipt["message"], (route.name, row.text[:300])


def test_every_route_has_a_good_row() -> None:
    assert {route.name for _, route in ROUTES} == set(GOOD)

"""What the database says when it has no room or restarts is a 503 at every door, and the next
request is served."""

import inspect
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import asyncpg
import msgspec
import pytest

from graph import app as graph_app
from services.billing.app import SERVICE as BILLING
from services.billing.store import summary
from services.usage.app import SERVICE
from shared.intake.rows import Receipt
from shared.platform import auth
from shared.platform.auth import Principal, Signer
from shared.platform.config import Settings
from shared.platform.db import Conn
from shared.process.rpc import CONTENT_TYPE, Reply, Request
from shared.process.service import build
from tests.processes import serving
from tests.services.usage.examples import EVENTS
from tests.services.usage.processes import a_key

EVENT = '[{"id":"1","accountId":"%s","feature":"f","occurredAt":"2026-11-01T09:30:00Z"}]'
CLASSES = ("08", "40", "53", "57", "58")
"""No connection, a conflict, no room, an operator's doing, the system beneath."""
STATES = sorted(
    {
        state
        for _, kind in inspect.getmembers(asyncpg.exceptions, inspect.isclass)
        if (state := str(getattr(kind, "sqlstate", None))).startswith(CLASSES)
    }
    | {"55P03"}
)
UNAVAILABLE = "SERVICE_UNAVAILABLE"
RAISE = "DO $$ BEGIN RAISE EXCEPTION 'of the test' USING ERRCODE = '%s'; END $$"


@dataclass
class Fault:
    """The state with which the database answers next; none: all is well."""

    state: str | None = None

    async def strike(self, conn: Conn) -> None:
        state, self.state = self.state, None
        if state:
            await conn.execute(RAISE % state)


@dataclass
class Doors:
    session: aiohttp.ClientSession
    settings: Settings
    fault: Fault
    account: str

    async def posted(self, port: int, path: str, body: bytes) -> tuple[int, Any, str | None]:
        url = f"http://127.0.0.1:{port}{path}"
        async with self.session.post(url, data=body) as answer:
            raw = await answer.read()
            kind = answer.content_type
            decode = msgspec.msgpack.decode if kind == CONTENT_TYPE else msgspec.json.decode
            return answer.status, decode(raw), answer.headers.get("retry-after")


@pytest.fixture
async def doors(settings: Settings, principal: Principal) -> AsyncIterator[Doors]:
    fault = Fault()

    async def take(conn: Conn, caller: Principal, rows: Any) -> list[Receipt]:
        await fault.strike(conn)
        return [Receipt(each.number, "accepted") for each in rows]

    async def take_foreign(conn: Conn, *_: Any) -> object:
        await fault.strike(conn)
        return {"success": True}

    async def mrr(conn: Conn, account_ids: list[str]) -> dict[str, int]:
        await fault.strike(conn)
        return {}

    mrr.__module__ = summary.__name__
    foreign = [replace(each, take=take_foreign) for each in SERVICE.foreign_routes["ingest"]]
    bulk = {"ingest": [replace(EVENTS, take=take)]}
    usage = replace(SERVICE, bulk_routes=bulk, foreign_routes={"ingest": foreign}, listeners={})
    billing = replace(BILLING, reads={"read": [mrr]}, commands={})
    headers = {"authorization": f"Bearer {await a_key(settings, principal.tenant_id, 'ingest')}"}
    headers[auth.HEADER] = Signer(settings).seal(principal)
    async with (
        serving(build(usage, settings), settings.service_port("usage")),
        serving(build(billing, settings), settings.service_port("billing")),
        serving(graph_app.build(settings), settings.port),
        aiohttp.ClientSession(headers=headers) as session,
    ):
        yield Doors(session, settings, fault, str(principal.tenant_id))


async def test_every_such_state_is_a_503_and_the_next_request_is_served(doors: Doors) -> None:
    assert len(STATES) > 20
    settings, wrong = doors.settings, []
    call = Request("billing.summary.mrr", msgspec.Raw(msgspec.msgpack.encode({"account_ids": []})))
    event = (EVENT % doors.account).encode()
    message = b'{"userId":"ann","event":"x"}'
    questions = [
        (settings.service_port("usage"), "/v1/events", event),
        (settings.service_port("usage"), "/v1/track", message),
        (settings.service_port("billing"), "/rpc/billing", msgspec.msgpack.encode([call])),
        (settings.port, "/v1/events", event),
        (settings.port, "/v1/track", message),
    ]
    for state in STATES:
        for port, path, body in questions:
            doors.fault.state = state
            status, answer, retry = await doors.posted(port, path, body)
            if path.startswith("/rpc/") and status == 200:  # the call's own place in the answer
                status, retry = (503, "1") if Reply(*answer[0]).code == UNAVAILABLE else (500, None)
            again, _, _ = await doors.posted(port, path, body)
            if (status, retry) != (503, "1") or again not in (200, 202):
                wrong.append((state, path, port == settings.port, status, retry, again))
    assert wrong == []

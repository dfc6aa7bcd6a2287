"""A fault of ours answers one request, and closes the door to nobody else.

A server that lets an error through closes the connection, on which the next request may be under
way; one in a few got a 503 from the gateway for it.
"""

from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from graph import app as graph_app
from services.usage.app import SERVICE
from shared.intake.rows import Receipt
from shared.platform import auth
from shared.platform.auth import Principal, Signer
from shared.platform.config import Settings
from shared.platform.db import Conn
from shared.process.service import build
from tests.processes import serving
from tests.services.usage.examples import EVENTS
from tests.services.usage.processes import a_key

EVENT = '[{"id":"1","accountId":"%s","feature":"f","occurredAt":"2026-11-01T09:30:00Z"}]'


async def broken(conn: Conn, caller: Principal, *_: Any) -> list[Receipt]:
    raise ArithmeticError("a bug")


@pytest.mark.parametrize("door", ["gateway", "service"])
async def test_the_connection_stays_open_behind_it(
    settings: Settings, principal: Principal, door: str
) -> None:
    foreign = [replace(each, take=broken) for each in SERVICE.foreign_routes["ingest"]]
    faulty = replace(
        SERVICE,
        bulk_routes={"ingest": [replace(EVENTS, take=broken)]},
        foreign_routes={"ingest": foreign},
        listeners={},
    )
    headers = {"authorization": f"Bearer {await a_key(settings, principal.tenant_id, 'ingest')}"}
    headers[auth.HEADER] = Signer(settings).seal(principal)
    port = settings.port if door == "gateway" else settings.service_port("usage")
    opened = 0

    async def count(*_: object) -> None:
        nonlocal opened
        opened += 1

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(count)
    async with (
        serving(build(faulty, settings), settings.service_port("usage")),
        serving(graph_app.build(settings), settings.port),
        aiohttp.ClientSession(headers=headers, trace_configs=[trace]) as session,
    ):
        for path, body in (
            ("events", EVENT % principal.tenant_id),
            ("track", '{"userId":"ann","event":"x"}'),
            ("events", EVENT % principal.tenant_id),
        ):
            url = f"http://127.0.0.1:{port}/v1/{path}"
            async with session.post(url, data=body.encode()) as answer:
                assert answer.status == 500
                text = await answer.text()
    assert opened == 1
    assert "INTERNAL" in text

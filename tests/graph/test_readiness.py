"""Readiness and progress are two questions: one for everybody, one for who may read."""

import json
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from infra.suite.scoring import pending_scores
from services.risk.actions import models as models_actions
from services.risk.domain.queue import UpdateReason
from services.risk.store import queue as queue_store
from shared.platform.auth import Principal
from shared.platform.config import SERVICES, Settings
from shared.platform.db import Conn
from shared.process.rpc import Rpc
from shared.process.service import build
from tests.conftest import DatabaseOf
from tests.graph.processes import BILLING, Suite, of, start_all
from tests.processes import serving
from tests.services.risk.examples import a_model

PROGRESS = "{ scoringProgress { accountsKnown scored pending hasChampion } }"


@pytest.fixture
async def suite(settings: Settings, database: DatabaseOf) -> Suite:
    return await of(settings, database)


async def waits_for_scores(suite: Suite, principal: Principal) -> None:
    """Two accounts that a model is about to score."""
    async with suite.databases["risk"].write(principal.tenant_id) as conn:
        await queue_store.ask(conn, [uuid4(), uuid4()], UpdateReason.NEW_DATA)
        await models_actions.publish(conn, a_model(), principal)


async def test_the_gateway_is_ready_while_scores_are_pending_and_tells_of_no_tenant(
    suite: Suite, settings: Settings, principal: Principal
) -> None:
    await waits_for_scores(suite, principal)
    async with start_all(settings) as installation:
        status, body = await installation.ask(f"{installation.gateway}/readyz")
    assert (status, json.loads(body)) == (
        200,
        {"status": "ready", "services": dict.fromkeys(SERVICES, True)},
    )


async def test_the_gateway_is_not_ready_without_a_service_and_says_which(
    settings: Settings,
) -> None:
    async with start_all(settings, frozenset({"billing"})) as installation:
        status, body = await installation.ask(f"{installation.gateway}/readyz")
    answer: dict[str, Any] = json.loads(body)
    assert (status, answer["status"]) == (503, "not ready")
    assert [name for name, ready in answer["services"].items() if not ready] == ["billing"]


async def test_the_gateway_is_not_ready_while_a_service_refuses_its_calls(
    suite: Suite, settings: Settings
) -> None:
    stranger = replace(settings, secret=b"another secret, so nothing of ours is believed")
    stranger = replace(stranger, overrides=database_of(settings, "billing"))
    port = settings.service_port("billing")
    async with (
        start_all(settings, frozenset({"billing"})) as installation,
        serving(build(BILLING, stranger), port),
    ):
        own, _ = await installation.ask(f"http://127.0.0.1:{port}/readyz")
        status, body = await installation.ask(f"{installation.gateway}/readyz")
    answer: dict[str, Any] = json.loads(body)
    assert (own, status) == (200, 503)
    assert [name for name, ready in answer["services"].items() if not ready] == ["billing"]


def database_of(settings: Settings, service: str) -> dict[str, str]:
    """Where the service finds its database, whatever its secret is."""
    url = settings.service_database_url(service)
    return {f"TENURE_{service.upper()}_DATABASE_URL": url}


async def test_without_a_key_nothing_of_a_tenant_is_told(
    suite: Suite, settings: Settings, principal: Principal, owner: Conn
) -> None:
    await waits_for_scores(suite, principal)
    name = "a tenant nobody hears of"
    await owner.execute("UPDATE access.tenant SET name = $1", name)
    async with start_all(settings) as installation:
        addresses = [installation.gateway, *(settings.service_url(service) for service in SERVICES)]
        pages = ("/", "/healthz", "/readyz", "/log", "/log/end", "/graphql", "/rpc/risk")
        for url in (f"{address}{page}" for address in addresses for page in pages):
            _, body = await installation.ask(url)
            assert name not in body, url
            assert str(principal.tenant_id) not in body, url


async def test_progress_is_told_of_the_callers_tenant_alone(
    suite: Suite, principal: Principal, other_tenant: Any
) -> None:
    await waits_for_scores(suite, principal)
    rival = replace(principal, tenant_id=other_tenant)

    mine, _ = await suite.ask(principal, PROGRESS)
    theirs, _ = await suite.ask(rival, PROGRESS)

    assert mine["scoringProgress"] == {
        "accountsKnown": 2, "scored": 0, "pending": 2, "hasChampion": True,
    }  # fmt: skip
    assert theirs["scoringProgress"] == {
        "accountsKnown": 0, "scored": 0, "pending": 0, "hasChampion": False,
    }  # fmt: skip


async def test_a_start_says_in_words_what_is_left_to_score(
    suite: Suite, settings: Settings, principal: Principal
) -> None:
    tenants = {principal.tenant_id: "acme"}
    async with Rpc(settings) as rpc:
        assert "risk service is not reachable" in await pending_scores(rpc, tenants)
    assert await pending_scores(suite.rpc, tenants) == ""  # nobody scores without a model
    await waits_for_scores(suite, principal)
    assert await pending_scores(suite.rpc, tenants) == "2 left in acme"
    async with suite.databases["risk"].write(principal.tenant_id) as conn:
        await conn.execute("DELETE FROM risk.work WHERE list = 'rescore'")
    assert await pending_scores(suite.rpc, tenants) == ""

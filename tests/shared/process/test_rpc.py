"""Calls over HTTP to a real service: typed answers, kept refusals, deadlines, and who may ask."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from uuid import UUID, uuid4

import aiohttp
import msgspec
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.billing.actions.subscriptions import subscription_upsert
from services.billing.app import SERVICE
from services.billing.store import summary as summary_store
from shared.platform import auth
from shared.platform.auth import Principal
from shared.platform.config import Settings
from shared.platform.db import Conn
from shared.process.rpc import DEADLINE, Call, Reply, Request, Rpc, remote
from shared.process.service import build
from shared.vocabulary.errors import InvalidInput, NotFound, NotPermitted, ServiceUnavailable
from shared.vocabulary.money import Money
from tests.processes import serving
from tests.services.billing.examples import JANUARY, JUNE, subscription

ACCOUNT = uuid4()


@pytest.fixture
async def billing(settings: Settings) -> AsyncIterator[None]:
    """The billing service, answering on its port."""
    async with serving(build(SERVICE, settings), settings.service_port("billing")):
        yield


@pytest.fixture
async def rpc(settings: Settings) -> AsyncIterator[Rpc]:
    async with Rpc(settings) as client:
        yield client


@contextlib.asynccontextmanager
async def stuck(owner: Conn) -> AsyncGenerator[None]:
    """Meanwhile no question about subscriptions is answered."""
    async with owner.transaction():
        await owner.execute("LOCK TABLE billing.subscription IN ACCESS EXCLUSIVE MODE")
        yield


async def waiting(owner: Conn) -> int:
    return await owner.fetchval(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = $1::text::regclass",
        "billing.subscription",
    )


async def until_waiting(owner: Conn, count: int) -> None:
    async with asyncio.timeout(10):
        while await waiting(owner) != count:  # noqa: ASYNC110 - PostgreSQL tells no other way
            await asyncio.sleep(0.02)


@pytest.mark.usefixtures("billing")
async def test_what_goes_out_comes_back_as_the_same_types(rpc: Rpc, principal: Principal) -> None:
    line = await rpc.call(principal, subscription_upsert, subscription(ACCOUNT))
    summaries = await rpc.call(principal, summary_store.summary, [ACCOUNT], as_of=JUNE)

    assert (line.account_id, line.mrr, line.started_at) == (ACCOUNT, Money(45_000, "EUR"), JANUARY)
    assert summaries[ACCOUNT].mrr == line.mrr


@pytest.mark.usefixtures("billing")
async def test_a_refusal_keeps_its_code_field_and_words(rpc: Rpc, principal: Principal) -> None:
    row = subscription(ACCOUNT, interval="fortnight")
    with pytest.raises(InvalidInput, match=r"interval.*fortnight") as refused:
        await rpc.call(principal, subscription_upsert, row)
    assert refused.value.field == "interval"


@pytest.mark.usefixtures("billing")
async def test_in_a_batch_a_refusal_takes_only_its_own_place(
    rpc: Rpc, principal: Principal
) -> None:
    await rpc.call(principal, subscription_upsert, subscription(ACCOUNT))
    unknown = Call(remote("billing.summary.nothing", int), {})
    calls = [Call.of(summary_store.mrr, [ACCOUNT]), unknown, Call.of(summary_store.mrr, [uuid4()])]

    first, second, third = await rpc.batch(principal, calls)

    assert first == {ACCOUNT: Money(45_000, "EUR")}
    assert isinstance(second, NotFound)
    assert "billing.summary.nothing" in str(second)
    assert third == {}


@pytest.mark.usefixtures("billing")
async def test_arguments_of_the_wrong_type_are_refused(rpc: Rpc, principal: Principal) -> None:
    with pytest.raises(InvalidInput, match=r"billing\.summary\.mrr"):
        await rpc.send(principal, Call.of(summary_store.mrr, "everyone"))


@pytest.mark.usefixtures("billing")
async def test_a_principal_of_another_installation_is_refused(
    settings: Settings, principal: Principal
) -> None:
    async with Rpc(replace(settings, secret=b"another")) as stranger:
        with pytest.raises(NotPermitted, match="not signed by this installation"):
            await stranger.call(principal, summary_store.mrr, [ACCOUNT])


@pytest.mark.usefixtures("billing")
async def test_a_principal_expires(settings: Settings, principal: Principal) -> None:
    headers = {auth.HEADER: auth.Signer(settings).seal(principal, life_s=-1)}
    url = f"{settings.service_url('billing')}/log/end"
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        assert answer.status == 403
        assert "expired" in await answer.text()


@pytest.mark.usefixtures("billing")
async def test_the_service_itself_gives_up_at_the_deadline(
    settings: Settings, rpc: Rpc, principal: Principal, owner: Conn
) -> None:
    calls = [
        Request("billing.summary.mrr", msgspec.Raw(msgspec.msgpack.encode({"account_ids": []})))
    ]
    url = f"{settings.service_url('billing')}/rpc/billing"
    async with stuck(owner):
        answer = await rpc.session.post(
            url,
            data=msgspec.msgpack.encode(calls),
            headers={**rpc.headers(principal), DEADLINE: "300"},
        )
        reply = msgspec.msgpack.decode(await answer.read(), type=Reply)
        assert (answer.status, reply.code) == (503, ServiceUnavailable.code)
        await until_waiting(owner, 0)


@pytest.mark.usefixtures("billing")
async def test_when_the_caller_leaves_the_work_stops(
    rpc: Rpc, principal: Principal, owner: Conn
) -> None:
    async with stuck(owner):
        patient = rpc.send(principal, Call.of(summary_store.mrr, [ACCOUNT]), timeout_s=60)
        asking = asyncio.create_task(patient)
        await until_waiting(owner, 1)
        asking.cancel()
        await until_waiting(owner, 0)


@pytest.mark.usefixtures("billing")
async def test_an_answer_that_takes_too_long_is_not_waited_for(
    rpc: Rpc, principal: Principal, owner: Conn
) -> None:
    async with stuck(owner):
        with pytest.raises(ServiceUnavailable, match=r"within 0\.3 s"):
            await rpc.send(principal, Call.of(summary_store.mrr, [ACCOUNT]), timeout_s=0.3)
    assert rpc.requests["billing"] == 1


class Cut:
    """Carries out what is posted, and breaks off within the answer to the first."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._cut = app, False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") != "POST" or self._cut:
            await self._app(scope, receive, send)
            return
        self._cut = True
        await self._app(scope, receive, unheard)
        headers = [(b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"not all of it"})


async def unheard(_: Message) -> None:
    """Where an answer goes that nobody gets."""


@pytest.fixture
async def cut_off(settings: Settings) -> AsyncIterator[None]:
    """The billing service, whose first answer to a call is lost on the way."""
    app = build(SERVICE, settings)
    app.add_middleware(Cut)
    async with serving(app, settings.service_port("billing")):
        yield


@pytest.mark.usefixtures("cut_off")
async def test_a_read_whose_answer_was_lost_is_asked_again(rpc: Rpc, principal: Principal) -> None:
    assert await rpc.call(principal, summary_store.mrr, [ACCOUNT]) == {}
    assert rpc.requests["billing"] == 2


@pytest.mark.usefixtures("cut_off")
async def test_a_command_whose_answer_was_lost_is_not_sent_again(
    rpc: Rpc, principal: Principal
) -> None:
    with pytest.raises(ServiceUnavailable, match="billing service is not reachable"):
        await rpc.call(principal, subscription_upsert, subscription(ACCOUNT))
    assert rpc.requests["billing"] == 1


async def test_a_service_that_is_away_is_not_waited_for(rpc: Rpc, principal: Principal) -> None:
    with pytest.raises(ServiceUnavailable, match="billing service is not reachable"):
        await rpc.call(principal, summary_store.mrr, [ACCOUNT])


@pytest.mark.usefixtures("billing")
async def test_each_caller_sees_the_rows_of_its_tenant(
    rpc: Rpc, principal: Principal, other_tenant: UUID
) -> None:
    await rpc.call(principal, subscription_upsert, subscription(ACCOUNT))

    assert (
        await rpc.call(replace(principal, tenant_id=other_tenant), summary_store.mrr, [ACCOUNT])
        == {}
    )

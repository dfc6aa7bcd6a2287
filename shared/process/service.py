"""The process every service is: rpc, log, bulk routes and health on one port."""

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from typing import Any, TypeAlias, TypeVar

import msgspec
from opentelemetry.trace import SpanKind
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from shared.intake.body import BatchGate, body_of, is_by_line
from shared.intake.group_commit import GroupCommit
from shared.intake.of_account import name_accounts
from shared.intake.parameters import seconds, whole, words
from shared.intake.rows import BulkRoute, ForeignRoute, ParsedRows, Receipt, carry_out, parse
from shared.platform import auth, telemetry
from shared.platform.auth import Principal, Signer
from shared.platform.config import WORKERS, Settings
from shared.platform.db import Database, connect
from shared.platform.limits import BATCHES
from shared.process import facts
from shared.process.account_names import AccountNames
from shared.process.consumer import Consumer
from shared.process.listeners import Listeners, fact_type
from shared.process.loops import Loops
from shared.process.refusals import (
    ShowRefusal,
    application,
    headers_of,
    plain_refusal,
    refusal_for,
    rest_refusal,
    status_of,
)
from shared.process.rpc import CONTENT_TYPE, DEADLINE, ByScope, Dispatcher, Reply, Rpc, exposures
from shared.process.serving import serve, unless_stopped
from shared.process.work import Hints
from shared.vocabulary.errors import Refusal, ServiceUnavailable

MAX_MS = 3_600_000
"""The longest that a caller may give us for an answer."""
MAX_WAIT_S = 25.0
KEEP_ALIVE_S = 75
"""Longer than our own clients keep an idle connection: none is closed as they send on it."""
LAST_POSITION = 2**62

READY_WITHIN_S = 3.0
"""How long the database may take to say that it is there."""

LOG_SCOPE = "read"
"""Facts tell what happened to accounts: whoever may read may follow them."""

T = TypeVar("T")
log = logging.getLogger(__name__)

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Service:
    """What a service's `app.py` declares: all it answers stands under the scope that a key needs.

    Nothing is answered that stands under no scope.
    """

    name: str
    reads: ByScope = field(default_factory=dict[str, Any])
    commands: ByScope = field(default_factory=dict[str, Any])
    bulk_routes: Mapping[str, Sequence[BulkRoute]] = field(default_factory=dict[str, Any])
    foreign_routes: Mapping[str, Sequence[ForeignRoute]] = field(default_factory=dict[str, Any])
    listeners: Mapping[str, Listeners] = field(default_factory=dict[str, Listeners])
    """Whose log is followed: source service → listener → types of fact."""

    def __post_init__(self) -> None:
        exposures(self.reads, self.commands)
        auth.check_scopes((*self.bulk_routes, *self.foreign_routes))
        for listener in (each for listeners in self.listeners.values() for each in listeners):
            fact_type(listener)
        groups = (*self.bulk_routes.values(), *self.foreign_routes.values())
        names = sorted(route.name for group in groups for route in group)
        for name, following in pairwise(names):
            if name == following:
                raise ValueError(f"two routes would be /v1/{name}")


@dataclass
class ServiceState:
    """What a started service holds; kept on `app.state.running`."""

    settings: Settings
    db: Database
    rpc: Rpc
    log: facts.Log
    dispatcher: Dispatcher
    signer: Signer
    gate: BatchGate
    group_commit: GroupCommit
    account_names: AccountNames
    loops: Loops


def build(service: Service, settings: Settings) -> Starlette:
    """The ASGI application of a service."""
    routes = [
        Route(f"/rpc/{service.name}", _answering(_rpc, _rpc_refusal), methods=["POST"]),
        Route(f"/rpc/{service.name}", _answering(_reads, _rpc_refusal), methods=["GET"]),
        Route("/log", _answering(_log), methods=["GET"]),
        Route("/log/end", _answering(_log_end), methods=["GET"]),
        Route("/healthz", _healthz),
        Route("/readyz", _answering(_readyz)),
        *(
            Route(f"/v1/{bulk.name}", _answering(_bulk(bulk, scope)), methods=["POST"])
            for scope, bulks in service.bulk_routes.items()
            for bulk in bulks
        ),
        *(
            Route(
                f"/v1/{route.name}",
                _answering(_foreign(route, scope), plain_refusal),
                methods=["POST"],
            )
            for scope, others in service.foreign_routes.items()
            for route in others
        ),
    ]

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        async with _start(service, settings) as state:
            app.state.running = state
            yield

    return application(routes, lifespan)


@contextlib.asynccontextmanager
async def _start(service: Service, settings: Settings) -> AsyncGenerator[ServiceState]:
    telemetry.start(settings, service.name)
    url = settings.service_database_url(service.name)
    async with connect(url) as db, contextlib.AsyncExitStack() as stack:
        dispatcher = Dispatcher(db, reads=service.reads, commands=service.commands)
        rpc = await stack.enter_async_context(Rpc(settings, local={service.name: dispatcher}))
        loops = await stack.enter_async_context(Loops())
        log = facts.Log(db, service.name)
        loops.start("relay", log.relay())
        loops.start("listen", log.listen())
        if service.name in WORKERS:
            hints = Hints(settings, service.name)
            db.committed.append(hints.send)
            loops.start("hints", hints.deliver(), max_round_s=math.inf)  # only waits, mostly
        for source, listeners in service.listeners.items():
            consumer = Consumer(db, rpc, source, listeners)
            loops.start(f"facts of {source}", consumer.follow())
            loops.start(f"facts of {source}, again", consumer.retries.follow())
        yield ServiceState(
            settings,
            db,
            rpc,
            log,
            dispatcher,
            Signer(settings),
            BatchGate(BATCHES),
            GroupCommit(db),
            AccountNames(rpc),
            loops,
        )


def _state(request: Request) -> ServiceState:
    state: ServiceState = request.app.state.running
    return state


def _principal(request: Request) -> Principal:
    return _state(request).signer.open(request.headers.get(auth.HEADER, ""))


def _principal_with(request: Request, scope: str) -> Principal:
    principal = _principal(request)
    principal.require(scope)
    return principal


def _answering(handler: Handler, show: ShowRefusal = rest_refusal) -> Handler:
    """Refusals become their status with a readable body; work stops when time is up."""

    async def answer(request: Request) -> Response:
        try:
            deadline_ms = whole(request.headers, DEADLINE, 1, MAX_MS, default=60_000)
            with telemetry.span(
                f"{request.method} {request.url.path}", SpanKind.SERVER, request.headers
            ):
                async with asyncio.timeout(deadline_ms / 1000):
                    return await handler(request)
        except Exception as error:
            return show(refusal_for(error, request))

    return answer


def _rpc_refusal(error: Refusal) -> Response:
    reply = msgspec.msgpack.encode(Reply.refused(error))
    status = status_of(error)
    return Response(reply, status, headers_of(status), CONTENT_TYPE)


async def _rpc(request: Request) -> Response:
    principal = _principal(request)
    body = await request.body()
    answer = await _while_there(request, _state(request).dispatcher.answer(principal, body))
    return Response(answer, media_type=CONTENT_TYPE)


async def _reads(request: Request) -> Response:
    _principal(request)
    return JSONResponse(_state(request).dispatcher.reads())


async def _while_there(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The outcome of the work, which ends when the caller leaves."""
    task = asyncio.create_task(work)
    left = asyncio.create_task(_caller_left(request))
    try:
        await asyncio.wait((task, left), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ServiceUnavailable("the caller left")
        return task.result()
    finally:
        left.cancel()
        task.cancel()


async def _caller_left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _log(request: Request) -> Response:
    """A page of the log: every tenant's for our own processes, else the caller's tenant's."""
    principal = _principal_with(request, LOG_SCOPE)
    query = request.query_params
    everything = principal.is_system and principal.tenant_id == auth.system().tenant_id
    page = _state(request).log.page(
        after=whole(query, "after", 0, LAST_POSITION, default=0),
        limit=whole(query, "limit", 1, facts.MAX_PAGE, default=500),
        wait_s=seconds(query, "wait_s", MAX_WAIT_S, default=0),
        tenant_id=None if everything else principal.tenant_id,
        types=words(query, "types"),
    )
    entries = await _while_there(request, unless_stopped(request.app, page, []))
    return Response(msgspec.msgpack.encode(entries), media_type=CONTENT_TYPE)


async def _log_end(request: Request) -> Response:
    _principal_with(request, LOG_SCOPE)
    return PlainTextResponse(str(await facts.end(_state(request).db)))


def _bulk(route: BulkRoute, scope: str) -> Handler:
    async def take(request: Request) -> Response:
        principal = _principal_with(request, scope)
        state = _state(request)
        with state.gate.enter(principal) as reservation:
            body = await body_of(request, reservation)
            by_line = is_by_line(request)
            rows = await reservation.off_loop(
                len(body), lambda: parse(body, route.row, principal, by_line=by_line)
            )
            receipts = await _carry_out(state, route, principal, rows)
        return Response(
            msgspec.json.encode({"receipts": receipts}), 202, media_type="application/json"
        )

    return take


async def _carry_out(
    state: ServiceState, route: BulkRoute, principal: Principal, rows: ParsedRows
) -> list[Receipt]:
    look_up = partial(state.account_names.look_up, principal.tenant_id)
    await name_accounts(rows[0], look_up)
    if route.shares_commit:
        return await state.group_commit.carry_out(route, principal, rows)
    async with state.db.write(principal.tenant_id) as conn:
        return await carry_out(conn, principal, route, rows)


def _foreign(route: ForeignRoute, scope: str) -> Handler:
    async def take(request: Request) -> Response:
        principal = _principal_with(request, scope)
        state = _state(request)
        with state.gate.enter(principal) as reservation:
            body = await body_of(request, reservation)
            read = await reservation.off_loop(len(body), lambda: route.read(body))
            async with state.db.write(principal.tenant_id) as conn:
                answer = await route.take(conn, principal, datetime.now(UTC), read)
        return Response(msgspec.json.encode(answer), media_type="application/json")

    return take


async def _healthz(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _readyz(request: Request) -> Response:
    """200 once the database carries out a statement of ours and every loop goes round."""
    state = _state(request)
    try:
        async with asyncio.timeout(READY_WITHIN_S):
            await facts.end(state.db)
    except TimeoutError as error:
        raise ServiceUnavailable("the database does not answer") from error
    problems = state.loops.problems()
    body = {"status": "not ready", "problems": problems} if problems else {"status": "ready"}
    return JSONResponse(body, 503 if problems else 200)


def run(service: Service) -> None:
    """Serve until told to stop: what `python -m services.<name>.app` does."""
    settings = Settings.from_env()
    serve(
        build(service, settings),
        settings.service_host,
        settings.service_port(service.name),
        timeout_keep_alive=KEEP_ALIVE_S,
    )

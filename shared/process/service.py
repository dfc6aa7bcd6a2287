"""The process every service is: rpc, log, bulk routes and health on one port."""

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, TypeAlias, TypeVar

import asyncpg
import msgspec
from opentelemetry.trace import SpanKind
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from shared.intake.body import RETRY_AFTER_S, Busy, Gate, TooLarge, body_of, is_by_line, off_loop
from shared.intake.group_commit import GroupCommit
from shared.intake.rows import BulkRoute, ForeignRoute, ParsedRows, Receipt, carry_out, parse
from shared.platform import auth, telemetry
from shared.platform.auth import Principal, Signer
from shared.platform.config import WORKERS, Settings
from shared.platform.db import Database, connect
from shared.process import facts
from shared.process.consumer import Consumer
from shared.process.listeners import Listeners, fact_type
from shared.process.loops import Loops
from shared.process.rpc import CONTENT_TYPE, DEADLINE, ByScope, Dispatcher, Reply, Rpc, exposures
from shared.process.serving import serve, unless_stopped
from shared.process.work import Hints
from shared.vocabulary.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    NotPermitted,
    Refusal,
    ServiceUnavailable,
)

STATUS: dict[type[Refusal], int] = {
    NotFound: 404,
    NotPermitted: 403,
    Conflict: 409,
    InvalidInput: 400,
    ServiceUnavailable: 503,
    Busy: 503,
    TooLarge: 413,
}

READY_WITHIN_S = 3.0
"""How long the database may take to say that it is there."""

LOG_SCOPE = "read"
"""Facts tell what happened to accounts: whoever may read may follow them."""

WRITE_CONFLICTS = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
)

T = TypeVar("T")
log = logging.getLogger(__name__)

ShowRefusal: TypeAlias = Callable[[Refusal], Response]
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
    gate: Gate
    group_commit: GroupCommit
    loops: Loops


def build(service: Service, settings: Settings) -> Starlette:
    """The ASGI application of a service."""
    routes = [
        Route(f"/rpc/{service.name}", _answering(_rpc), methods=["POST"]),
        Route(f"/rpc/{service.name}", _answering(_reads), methods=["GET"]),
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

    return Starlette(routes=routes, lifespan=lifespan)


@contextlib.asynccontextmanager
async def _start(service: Service, settings: Settings) -> AsyncGenerator[ServiceState]:
    telemetry.start(settings, service.name)
    url = settings.service_database_url(service.name)
    async with connect(url) as db, Rpc(settings) as rpc, Loops() as loops:
        log = facts.Log(db, service.name)
        dispatcher = Dispatcher(db, reads=service.reads, commands=service.commands)
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
            settings, db, rpc, log, dispatcher, Signer(settings), Gate(), GroupCommit(db), loops
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


def _answering(handler: Handler, show: ShowRefusal | None = None) -> Handler:
    """Refusals become their status with a readable body; work stops when time is up."""

    async def answer(request: Request) -> Response:
        deadline_s = int(request.headers.get(DEADLINE, "60000")) / 1000
        try:
            with telemetry.span(
                f"{request.method} {request.url.path}", SpanKind.SERVER, request.headers
            ):
                async with asyncio.timeout(deadline_s):
                    return await handler(request)
        except TimeoutError:
            refusal: Refusal = ServiceUnavailable(f"no answer within {deadline_s:g} s")
        except WRITE_CONFLICTS:
            refusal = ServiceUnavailable("others wrote the same rows; send it again")
        except Refusal as error:
            refusal = error
        except Exception:  # the server would close the connection, and with it the next request
            log.exception("%s %s failed", request.method, request.url.path)
            refusal = Refusal("a fault of ours, which is on record; please tell us")
        return show(refusal) if show else _refusal(request, refusal)

    return answer


def status_of(error: Refusal) -> int:
    """The status of a refusal, or of the nearest kind of refusal that has one."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def _refusal(request: Request, error: Refusal) -> Response:
    status = status_of(error)
    reply = Reply.refused(error)
    if request.url.path.startswith("/rpc/"):
        return Response(msgspec.msgpack.encode(reply), status, media_type=CONTENT_TYPE)
    body = {"error": {"code": reply.code, "message": reply.message, "field": reply.field or None}}
    return JSONResponse(body, status, retry_header(status))


def plain_refusal(error: Refusal) -> Response:
    """A refusal as analytics libraries read it."""
    status = 401 if isinstance(error, NotPermitted) else status_of(error)
    body = {"success": False, "code": error.code, "message": str(error)}
    return JSONResponse(body, status, retry_header(status))


def retry_header(status: int) -> dict[str, str]:
    """The header that says when to come again, where coming again helps."""
    return {"retry-after": str(RETRY_AFTER_S)} if status in (429, 503) else {}


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
        after=int(query.get("after", "0")),
        limit=int(query.get("limit", "500")),
        wait_s=min(float(query.get("wait_s", "0")), 25),
        tenant_id=None if everything else principal.tenant_id,
        types=[kind for kind in query.get("types", "").split(",") if kind],
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
        with state.gate.enter() as reservation:
            body = await body_of(request, reservation)
            by_line = is_by_line(request)
            rows = await off_loop(
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
    if route.shares_commit:
        return await state.group_commit.carry_out(route, principal, rows)
    async with state.db.write(principal.tenant_id) as conn:
        return await carry_out(conn, principal, route, rows)


def _foreign(route: ForeignRoute, scope: str) -> Handler:
    async def take(request: Request) -> Response:
        principal = _principal_with(request, scope)
        state = _state(request)
        with state.gate.enter() as reservation:
            body = await body_of(request, reservation)
            read = await off_loop(len(body), lambda: route.read(body))
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
    serve(build(service, settings), settings.service_host, settings.service_port(service.name))

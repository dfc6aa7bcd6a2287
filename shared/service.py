"""The process every service is: rpc, log, bulk routes and health on one port."""

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import msgspec
import uvicorn
from opentelemetry.trace import SpanKind
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from shared import auth, facts, ingest, telemetry
from shared.auth import Principal, Signer
from shared.config import WORKERS, Settings
from shared.db import Database, connected
from shared.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    NotPermitted,
    Refusal,
    ServiceUnavailable,
)
from shared.rpc import CONTENT_TYPE, DEADLINE, AnyFunction, Exposed, Reply, Rpc
from shared.work import Hints

STATUS: dict[type[Refusal], int] = {
    NotFound: 404,
    NotPermitted: 403,
    Conflict: 409,
    InvalidInput: 400,
    ServiceUnavailable: 503,
}

T = TypeVar("T")
log = logging.getLogger(__name__)
Handler: TypeAlias = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Service:
    """What a service's `app.py` declares."""

    name: str
    reads: Sequence[AnyFunction] = ()
    commands: Sequence[AnyFunction] = ()
    kinds: Sequence[ingest.Kind] = ()
    listeners: Mapping[str, Mapping[str, facts.Listener]] = field(default_factory=dict[str, Any])
    """Whose log is followed: source service → fact type → listener."""


@dataclass
class Running:
    """What a started service holds; kept on `app.state.running`."""

    settings: Settings
    db: Database
    rpc: Rpc
    log: facts.Log
    exposed: Exposed
    signer: Signer


def build(service: Service, settings: Settings) -> Starlette:
    """The ASGI application of a service."""
    routes = [
        Route(f"/rpc/{service.name}", _answering(_rpc), methods=["POST"]),
        Route("/log", _answering(_log), methods=["GET"]),
        Route("/log/end", _answering(_log_end), methods=["GET"]),
        Route("/healthz", _healthz),
        Route("/readyz", _answering(_readyz)),
        *(
            Route(f"/v1/{kind.name}", _answering(_bulk(kind)), methods=["POST"])
            for kind in service.kinds
        ),
    ]

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        async with _started(service, settings) as running:
            app.state.running = running
            yield

    return Starlette(routes=routes, lifespan=lifespan)


@contextlib.asynccontextmanager
async def _started(service: Service, settings: Settings) -> AsyncGenerator[Running]:
    telemetry.start(settings, service.name)
    url = settings.service_database_url(service.name)
    async with connected(url) as db, Rpc(settings) as rpc, contextlib.AsyncExitStack() as stack:
        log = facts.Log(db, service.name)
        exposed = Exposed(db, reads=service.reads, commands=service.commands)
        loops = [log.relay(), log.listen()]
        if service.name in WORKERS:
            hints = Hints(settings, service.name)
            db.committed.append(hints.send)
            loops.append(hints.deliver())
        loops += [
            facts.Consumer(db, rpc, source, known).follow()
            for source, known in service.listeners.items()
        ]
        for loop in loops:
            stack.push_async_callback(stopped, asyncio.create_task(loop))
        yield Running(settings, db, rpc, log, exposed, Signer(settings))


async def stopped(task: "asyncio.Task[None]") -> None:
    """Cancel a background loop and wait for its end."""
    while not task.done():  # a connection that breaks as it is given back hides the cancellation
        task.cancel()
        await asyncio.wait((task,), timeout=1)
    if not task.cancelled() and (error := task.exception()):
        log.error("a background loop had ended", exc_info=error)


def _running(request: Request) -> Running:
    running: Running = request.app.state.running
    return running


def _principal(request: Request) -> Principal:
    return _running(request).signer.open(request.headers.get(auth.HEADER, ""))


def _answering(handler: Handler) -> Handler:
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
            return _refused(request, ServiceUnavailable(f"no answer within {deadline_s:g} s"))
        except Refusal as error:
            return _refused(request, error)

    return answer


def _refused(request: Request, error: Refusal) -> Response:
    status = STATUS.get(type(error), 500)
    reply = Reply.refused(error)
    if request.url.path.startswith("/rpc/"):
        return Response(msgspec.msgpack.encode(reply), status, media_type=CONTENT_TYPE)
    body = {"error": {"code": reply.code, "message": reply.message, "field": reply.field or None}}
    return JSONResponse(body, status)


async def _rpc(request: Request) -> Response:
    principal = _principal(request)
    body = await request.body()
    answer = await _while_there(request, _running(request).exposed.answer(principal, body))
    return Response(answer, media_type=CONTENT_TYPE)


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
    principal = _principal(request)
    query = request.query_params
    everything = "system" in principal.scopes and principal.tenant_id == auth.system().tenant_id
    page = _running(request).log.page(
        after=int(query.get("after", "0")),
        most=int(query.get("limit", "500")),
        wait_s=min(float(query.get("wait_s", "0")), 25),
        tenant_id=None if everything else principal.tenant_id,
        types=[kind for kind in query.get("types", "").split(",") if kind],
    )
    entries = await _while_there(request, page)
    return Response(msgspec.msgpack.encode(entries), media_type=CONTENT_TYPE)


async def _log_end(request: Request) -> Response:
    _principal(request)
    return PlainTextResponse(str(await facts.end(_running(request).db)))


def _bulk(kind: ingest.Kind) -> Handler:
    async def take(request: Request) -> Response:
        principal = _principal(request)
        principal.require(kind.scope)
        body = await limited_body(request)
        async with _running(request).db.write(principal.tenant_id) as conn:
            receipts = await ingest.receive(conn, principal, kind, body)
        return Response(
            msgspec.json.encode({"receipts": receipts}), 202, media_type="application/json"
        )

    return take


async def limited_body(request: Request) -> bytes:
    """The body of a bulk request; InvalidInput when it is too large."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > ingest.BODY_MOST_BYTES:
            raise InvalidInput("body", "too large", f"at most {ingest.BODY_MOST_BYTES} bytes")
        parts.append(part)
    return b"".join(parts)


async def _healthz(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _readyz(request: Request) -> Response:
    async with _running(request).db.read(None) as conn:
        await conn.fetchval("SELECT 1")
    return JSONResponse({"status": "ready"})


def run(service: Service) -> None:
    """Serve until told to stop: what `python -m services.<name>.app` does."""
    settings = Settings.from_env()
    serve(build(service, settings), settings, settings.service_port(service.name))


def serve(app: Any, settings: Settings, port: int, **options: Any) -> None:
    """uvicorn with our choices: quiet, no server header, a bounded goodbye."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s"
    )
    uvicorn.run(
        app,
        host=settings.host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
        **options,
    )

"""The gateway: one address for the graph, the bulk routes, the console and readiness."""

import contextlib
import gc
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import orjson
from opentelemetry.trace import SpanKind
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from graph import feed
from graph.bulk import Bulk
from graph.cursor import Cursors, restores
from graph.gates import Gates
from graph.http import Endpoint
from graph.readiness import Readiness
from graph.scopes import BULK, FEED, REPORT, ROUTES, SEGMENT
from graph.sign_in import SignIn
from shared.intake.parameters import plain, whole
from shared.platform import telemetry
from shared.platform.auth import Keys, Principal
from shared.platform.config import Settings
from shared.platform.db import Database, connect
from shared.process.facts import LogEntry
from shared.process.refusals import (
    ShowRefusal,
    application,
    plain_refusal,
    refusal_for,
    rest_refusal,
)
from shared.process.rpc import Call, Rpc, remote
from shared.process.serving import serve, unless_stopped
from shared.vocabulary.errors import NotFound, clip

Handler: TypeAlias = Callable[[Request, Principal], Awaitable[Response]]
"""Answers somebody who may ask it."""

CONSOLE = Path(__file__).parent / "console"
MAX_MESSAGE_BYTES = 256 * 1024
"""The longest message on a WebSocket."""
REPORT_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'; sandbox",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "private, max-age=3600",
}
"""A page of one's own rows: no scripts, no requests, no frames around it; style is inside it."""


class Gateway:
    """What the routes stand on while the process runs."""

    def __init__(self, cursors: Cursors, rpc: Rpc, db: Database) -> None:
        self.rpc = rpc
        self.sign_in = SignIn(Keys(db))
        self.cursors = cursors
        self.gates = Gates()
        self.graphql = Endpoint(rpc, self.sign_in, db, self.cursors, self.gates)
        self.bulk = Bulk(rpc, self.sign_in, self.gates.keyless)
        self.readiness = Readiness(rpc)


def build(settings: Settings) -> Starlette:
    """The ASGI application of the gateway."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        telemetry.start(settings, "gateway")
        url = settings.service_database_url("access")
        async with connect(url, max_size=6) as db, Rpc(settings) as rpc:
            cursors = Cursors(settings, await restores(db))
            app.state.gateway = Gateway(cursors, rpc, db)
            gc.collect()
            gc.freeze()
            yield

    routes = [
        Route("/", _console),
        Mount("/console", StaticFiles(directory=CONSOLE)),
        Route("/graphql", Entry(), methods=["GET", "POST"]),
        WebSocketRoute("/graphql", Entry()),
        _key_route(FEED, "GET", _risk_feed),
        _key_route(REPORT, "GET", _report),
        *(
            _key_route(f"/v1/{kind}", "POST", _rows(service))
            for service, kinds in BULK.items()
            for kind in kinds
        ),
        *(_segment_route(f"/v1/{kind}") for kind in SEGMENT),
        Route("/healthz", _healthz),
        Route("/readyz", _readyz),
    ]
    return application(routes, lifespan)


class Entry:
    """Hands the connection to the endpoint made at start."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _gateway(scope).graphql(scope, receive, send)


def _gateway(scope: Scope) -> Gateway:
    gateway: Gateway = scope["app"].state.gateway
    return gateway


def _key_route(path: str, method: str, handler: Handler) -> Route:
    """A route for keys that hold the scope declared for it; without one there is no route.

    Whoever may not ask is turned away by the header, before anything is read or a place taken.
    """
    scope = ROUTES[path]

    async def answer(request: Request) -> Response:
        authorization = request.headers.get("authorization")
        principal = await _gateway(request.scope).sign_in.principal(authorization)
        principal.require(scope)
        return await handler(request, principal)

    return Route(path, _answering(answer, rest_refusal), methods=[method])


def _segment_route(path: str) -> Route:
    """A route for analytics libraries, which sign in in ways of their own."""
    scope = ROUTES[path]

    async def answer(request: Request) -> Response:
        return await _gateway(request.scope).bulk.segment(scope, request)

    return Route(path, _answering(answer, plain_refusal), methods=["POST"])


def _answering(
    handler: Callable[[Request], Awaitable[Response]], show: ShowRefusal
) -> Callable[[Request], Awaitable[Response]]:
    """A refusal becomes its status, with a body that says why."""

    async def answer(request: Request) -> Response:
        try:
            name = f"{request.method} {request.url.path}"
            with telemetry.span(name, SpanKind.SERVER, request.headers):
                return await handler(request)
        except Exception as error:
            return show(refusal_for(error, request))

    return answer


async def _console(_: Request) -> Response:
    return FileResponse(CONSOLE / "index.html")


async def _healthz(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


def _rows(service: str) -> Handler:
    async def forward(request: Request, principal: Principal) -> Response:
        return await _gateway(request.scope).bulk.rows(service, request, principal)

    return forward


async def _risk_feed(request: Request, principal: Principal) -> Response:
    """CloudEvents in order, with the same cursors as the subscription `riskUpdates`."""
    gateway = _gateway(request.scope)
    query = request.query_params
    after = gateway.cursors.open(principal.tenant_id, query["after"]) if "after" in query else 0
    limit = whole(query, "limit", 1, 1_000, default=100)
    wait_s = whole(query, "timeout", 0, 20, default=0)
    gate = gateway.gates.subscriptions
    page = feed.page(gateway.rpc, gate, principal, after, limit, wait_s)
    entries = await unless_stopped(request.app, page, [])
    events = [_cloud_event(entry, gateway.cursors) for entry in entries]
    return Response(orjson.dumps(events), media_type="application/cloudevents-batch+json")


async def _report(request: Request, principal: Principal) -> Response:
    """A model's report for people: a page that may load and run nothing."""
    version = plain(request.path_params, "version")
    page: bytes | None = await _gateway(request.scope).rpc.send(
        principal, Call(remote("risk.report.report_page", bytes | None), {"version": version})
    )
    if page is None:
        raise NotFound(f"there is no report of model {clip(version)}")
    return Response(page, media_type="text/html; charset=utf-8", headers=REPORT_HEADERS)


def _cloud_event(entry: LogEntry, cursors: Cursors) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": str(entry.event_id),
        "source": "tenure/risk",
        "type": f"tenure.{entry.type}",
        "subject": str(entry.account_id),
        "time": entry.occurred_at,
        "sequence": str(entry.sequence),
        "cursor": cursors.seal(entry.tenant_id, entry.position),
        "data": entry.payload,
    }


async def _readyz(request: Request) -> Response:
    """200 once every service answers, and which do; how far scoring is tells `scoringProgress`."""
    services = await _gateway(request.scope).readiness.services()
    is_ready = all(services.values())
    body = {"status": "ready" if is_ready else "not ready", "services": services}
    return JSONResponse(body, 200 if is_ready else 503)


if __name__ == "__main__":
    SETTINGS = Settings.from_env()
    serve(build(SETTINGS), SETTINGS.host, SETTINGS.port, ws_max_size=MAX_MESSAGE_BYTES)

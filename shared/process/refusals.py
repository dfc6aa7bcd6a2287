"""Refusals as HTTP answers: one table of statuses, and the shapes that routes answer in."""

import logging
from collections.abc import Callable, Sequence
from typing import TypeAlias

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send

from shared.intake.body import TooLarge, TooSlow
from shared.platform.db import refusal_of
from shared.vocabulary.errors import (
    RETRY_AFTER_S,
    Conflict,
    InvalidInput,
    NotFound,
    NotPermitted,
    NotSignedIn,
    OverShare,
    Refusal,
    ServiceUnavailable,
    clip,
)

STATUS: dict[type[Refusal], int] = {
    NotFound: 404,
    NotSignedIn: 401,
    NotPermitted: 403,
    Conflict: 409,
    InvalidInput: 400,
    OverShare: 429,
    ServiceUnavailable: 503,
    TooLarge: 413,
    TooSlow: 408,
}
ShowRefusal: TypeAlias = Callable[[Refusal], Response]
log = logging.getLogger(__name__)


def status_of(error: Refusal) -> int:
    """The status of a refusal, or of the nearest kind of refusal that has one."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def headers_of(status: int) -> dict[str, str]:
    """When to come again, where coming again helps; how to sign in, where nobody did."""
    if status in (429, 503):
        return {"retry-after": str(RETRY_AFTER_S)}
    return {"www-authenticate": "Bearer"} if status == 401 else {}


def rest_refusal(error: Refusal) -> Response:
    """A refusal as our own routes answer it."""
    status = status_of(error)
    body = {"code": error.code, "message": str(error), "field": getattr(error, "field", None)}
    return JSONResponse({"error": body}, status, headers_of(status))


def plain_refusal(error: Refusal) -> Response:
    """A refusal as analytics libraries read it."""
    status = status_of(error)
    body = {"success": False, "code": error.code, "message": str(error)}
    return JSONResponse(body, status, headers_of(status))


def graph_refusal(error: Refusal) -> Response:
    """A refusal of a whole request to the graph, in GraphQL's shape."""
    status = status_of(error)
    body = {"errors": [{"message": str(error), "extensions": error.extensions}]}
    return JSONResponse(body, status, headers_of(status))


def refusal_for(error: Exception, request: Request) -> Refusal:
    """What a door answers to an error; the server would close the connection instead, and with it
    end the next request."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, TimeoutError):
        return ServiceUnavailable("there was no answer within the time that the caller gave")
    if isinstance(error, ClientDisconnect):
        return ServiceUnavailable("the caller left")
    if passing := refusal_of(error):
        return passing
    log.error("%s %s failed", request.method, clip(request.url.path), exc_info=error)
    return Refusal("a fault of ours, which is on record; please tell us")


def application(routes: Sequence[BaseRoute], lifespan: Lifespan[Starlette]) -> Starlette:
    """An application whose every answer to a bad address is a refusal as well."""
    return Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[Middleware(ReadableAddresses)],
        exception_handlers={HTTPException: _no_such_route},
    )


async def _no_such_route(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    code, what = NotFound.code, f"{request.method} {clip(request.url.path)}"
    message = f"{what} is nothing that is answered here"
    return JSONResponse({"error": {"code": code, "message": message, "field": None}}, status)


class ReadableAddresses:
    """Turns addresses away that no database and no file system can hold."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and ("\0" in scope["path"] or b"%00" in scope["query_string"]):
            error = InvalidInput("address", scope["path"], "an address without NUL characters")
            await rest_refusal(error)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

"""Rows from outside: signed in, within bounds, handed to the service that owns them."""

import base64
import binascii
from io import BytesIO

import aiohttp
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from graph.sign_in import SignIn
from shared.intake.body import BatchGate, TooSlow, body_of, check_headers, inflate, read
from shared.intake.json_text import NotJson, members
from shared.platform.auth import Principal
from shared.platform.gates import Room
from shared.platform.limits import FORWARDED_BATCHES, MAX_KEYLESS_BYTES
from shared.process.rpc import Rpc
from shared.vocabulary.errors import NotSignedIn, ServiceUnavailable

TIMEOUT_S = 60.0
LARGE_BYTES = 1024 * 1024
"""A body from here on is written piece by piece, so that others get a turn in between."""


class Bulk:
    """Forwards batches; so many at a time of each tenant, the next are asked to come again."""

    def __init__(self, rpc: Rpc, sign_in: SignIn, unknown: Room) -> None:
        self._rpc = rpc
        self._sign_in = sign_in
        self._gate = BatchGate(FORWARDED_BATCHES)
        self._unknown = unknown

    async def rows(self, service: str, request: Request, principal: Principal) -> Response:
        """A batch of rows."""
        with self._gate.enter(principal) as reservation:
            body = await body_of(request, reservation)
            return await self._forward(service, request, principal, body)

    async def segment(self, scope: str, request: Request) -> Response:
        """What an analytics library sends; some put their key into the body only."""
        key = _key_of_header(request.headers.get("authorization"))
        if key:
            return await self.rows("usage", request, await self._holder(key, scope))
        body = await self._keyless_body(request)
        key = await self._gate.off_loop(len(body), lambda: _key_in(body), "unknown")
        principal = await self._holder(key, scope)
        with self._gate.enter(principal) as reservation:
            reservation.reserve_bytes(len(body))
            return await self._forward("usage", request, principal, body)

    async def _keyless_body(self, request: Request) -> bytes:
        """The body of somebody unknown: smaller, sooner, and apart from all others."""
        is_packed = check_headers(request, MAX_KEYLESS_BYTES)
        try:
            async with self._unknown.stay():
                body = await read(request, MAX_KEYLESS_BYTES)
        except TimeoutError as error:
            raise TooSlow(self._unknown.within_s) from error
        return inflate(body, MAX_KEYLESS_BYTES) if is_packed else body

    async def _holder(self, key: str, scope: str) -> Principal:
        principal = await self._sign_in.principal(f"Bearer {key}")
        principal.require(scope)
        return principal

    async def _forward(
        self, service: str, request: Request, principal: Principal, body: bytes
    ) -> Response:
        headers = self._rpc.headers(principal)
        headers["content-type"] = request.headers.get("content-type", "application/json")
        try:
            async with self._rpc.session.post(
                f"{self._rpc.address(service)}{request.url.path}",
                data=body if len(body) < LARGE_BYTES else BytesIO(body),
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            ) as response:
                wait = response.headers.get("retry-after")
                return Response(
                    await response.read(),
                    response.status,
                    {"retry-after": wait} if wait else None,
                    response.content_type,
                )
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ServiceUnavailable(f"{service} does not answer; send the batch again") from error


def _key_of_header(authorization: str | None) -> str | None:
    """The key in `Basic <key>:` or `Bearer <key>`; none if there is no such header."""
    if not authorization:
        return None
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "basic":
        return key.strip()
    try:
        user, _, _ = base64.b64decode(key, validate=True).decode().partition(":")
    except (binascii.Error, ValueError) as error:
        raise NotSignedIn("the Authorization header is not readable") from error
    return user


def _key_in(body: bytes) -> str:
    try:
        key = msgspec.json.decode(members(body)["writeKey"], type=str)
    except (NotJson, KeyError, msgspec.MsgspecError):
        key = ""
    if not key:
        raise NotSignedIn("sign in with the API key as user name (Basic) or as `writeKey`")
    return key

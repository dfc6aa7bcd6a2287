"""Calls between processes: typed by the function's annotations, several in one request."""

import asyncio
import inspect
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import Any, ParamSpec, TypeAlias, TypeVar, get_type_hints

import aiohttp
import msgspec
from opentelemetry.trace import SpanKind

from shared.platform import auth, telemetry
from shared.platform.auth import Principal, Signer
from shared.platform.config import SERVICES, Settings
from shared.platform.db import CONNECTION_ERRORS, VALUE_ERRORS, Conn, Database, refusal_of
from shared.vocabulary.errors import (
    InvalidInput,
    NotFound,
    NotPermitted,
    Refusal,
    ServiceUnavailable,
    refusal,
)
from shared.vocabulary.storable import culprit

P = ParamSpec("P")
R = TypeVar("R")

DEADLINE = "x-tenure-deadline-ms"
CONTENT_TYPE = "application/msgpack"
CONTEXT_PARAMETERS = ("conn", "principal")
DISCONNECTS = (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError)
SNAKE = re.compile(r"_([a-z])")
log = logging.getLogger(__name__)

AnyFunction: TypeAlias = Callable[..., Awaitable[Any]]
ByScope: TypeAlias = Mapping[str, Sequence[AnyFunction]]
"""Functions under the scope that a key needs to have them carried out."""


class Reply(msgspec.Struct, array_like=True):
    """One call's answer: a value, or the code and message of a refusal."""

    value: msgspec.Raw = msgspec.Raw(b"\xc0")
    code: str = ""
    message: str = ""
    field: str = ""

    @classmethod
    def refused(cls, error: Refusal) -> "Reply":
        return cls(code=error.code, message=str(error), field=getattr(error, "field", ""))

    def refusal(self) -> Refusal:
        return refusal(self.code, self.message, self.field)


class Request(msgspec.Struct, array_like=True):
    """One call: the function's name and its arguments by name."""

    name: str
    arguments: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Function:
    """A store read or an action, as both ends of the wire see it."""

    name: str
    parameters: tuple[str, ...]
    wants_principal: bool
    arguments: msgspec.msgpack.Decoder[Any]
    result: msgspec.msgpack.Decoder[Any]

    @property
    def service(self) -> str:
        return self.name.partition(".")[0]


@cache
def describe(function: AnyFunction) -> Function:
    """What the annotations of a function of a service say about the call."""
    _, service, *_, module = function.__module__.split(".")
    hints = get_type_hints(function)
    signature = inspect.signature(function)
    fields: list[Any] = []
    for parameter in signature.parameters.values():
        if parameter.name in CONTEXT_PARAMETERS:
            continue
        required = parameter.default is inspect.Parameter.empty
        kind = hints[parameter.name]
        fields.append(
            (parameter.name, kind) if required else (parameter.name, kind, parameter.default)
        )
    arguments = msgspec.defstruct("Arguments", fields, forbid_unknown_fields=True)
    return Function(
        name=f"{service}.{module}.{function.__name__}",
        parameters=tuple(field[0] for field in fields),
        wants_principal="principal" in signature.parameters,
        arguments=msgspec.msgpack.Decoder(arguments),
        result=msgspec.msgpack.Decoder(hints["return"]),
    )


@dataclass(frozen=True, slots=True)
class Call:
    """A call ready to be sent."""

    function: Function
    arguments: dict[str, Any]

    @classmethod
    def of(cls, function: AnyFunction, *args: Any, **kwargs: Any) -> "Call":
        described = describe(function)
        return cls(described, dict(zip(described.parameters, args, strict=False)) | kwargs)

    def request(self) -> Request:
        """The call as it goes over the wire."""
        return Request(self.function.name, msgspec.Raw(msgspec.msgpack.encode(self.arguments)))


@cache
def remote(name: str, returns: Any) -> Function:
    """A function of a service that may not be imported here, by its name and return type.

    The name is `<service>.<module>.<function>`, as in `usage.history.retention`.
    """
    return Function(name, (), False, msgspec.msgpack.Decoder(), msgspec.msgpack.Decoder(returns))


@dataclass(frozen=True, slots=True)
class Exposure:
    """A function as its service declares it: who may have it carried out, and if it only reads."""

    function: Function
    run: AnyFunction
    scope: str
    is_read: bool


def exposures(reads: ByScope, commands: ByScope) -> dict[str, Exposure]:
    """What a service exposes, by name on the wire.

    Raises
    ------
    ValueError
        For a scope that does not exist, and for two functions of one name.
    """
    auth.check_scopes((*reads, *commands))
    by_name: dict[str, Exposure] = {}
    for functions, is_read in ((reads, True), (commands, False)):
        for scope, group in functions.items():
            for run in group:
                function = describe(run)
                if function.name in by_name:
                    raise ValueError(f"two functions would be exposed as {function.name}")
                by_name[function.name] = Exposure(function, run, scope, is_read)
    return by_name


class Dispatcher:
    """What one service answers, and how a request is carried out."""

    def __init__(self, db: Database, *, reads: ByScope, commands: ByScope) -> None:
        self._db = db
        self.functions = exposures(reads, commands)
        self.calls = 0

    async def answer(self, principal: Principal, body: bytes) -> bytes:
        """Carry out a request: reads share one read-only transaction, each command has its own."""
        try:
            requests = msgspec.msgpack.decode(body, type=list[Request])
        except msgspec.DecodeError as error:
            raise InvalidInput("body", str(error), "a list of calls") from error
        self.calls += 1
        answers = [self._permit(principal, request) for request in requests]
        reads = [each for each in answers if isinstance(each, Exposure) and each.is_read]
        if len(reads) == len(requests):
            replies = await self._all_reads(principal, reads, requests)
        else:
            replies = [
                await self._alone(each, principal, request) if isinstance(each, Exposure) else each
                for each, request in zip(answers, requests, strict=True)
            ]
        return msgspec.msgpack.encode(replies)

    def reads(self) -> list[str]:
        """Names of what only reads: it may be asked again when an answer was lost."""
        return [name for name, exposure in self.functions.items() if exposure.is_read]

    def _permit(self, principal: Principal, request: Request) -> Exposure | Reply:
        """The function asked for, or why it is not carried out for this principal."""
        exposure = self.functions.get(request.name)
        try:
            if exposure is None:
                raise NotFound(f"no function {request.name} is exposed here")
            principal.require(exposure.scope)
        except (NotFound, NotPermitted) as error:
            return Reply.refused(error)
        return exposure

    async def _all_reads(
        self, principal: Principal, reads: list[Exposure], requests: list[Request]
    ) -> list[Reply]:
        async with self._db.read(principal.tenant_id) as conn:
            replies: list[Reply] = []
            for read, request in zip(reads, requests, strict=True):
                replies.append(await _reply(read, conn, principal, request))
                if replies[-1].code:  # the transaction may be spoiled; the rest get fresh ones
                    break
        rest = list(zip(reads, requests, strict=True))[len(replies) :]
        return replies + [await self._alone(read, principal, request) for read, request in rest]

    async def _alone(self, exposure: Exposure, principal: Principal, request: Request) -> Reply:
        if exposure.is_read:
            async with self._db.read(principal.tenant_id) as conn:
                return await _reply(exposure, conn, principal, request)
        try:
            async with self._db.write(principal.tenant_id) as conn:
                reply = await _reply(exposure, conn, principal, request)
                if reply.code:
                    raise reply.refusal()  # so that nothing of it stays
                return reply
        except Refusal as error:
            return Reply.refused(error)


async def _reply(exposure: Exposure, conn: Conn, principal: Principal, request: Request) -> Reply:
    function = exposure.function
    with telemetry.span(request.name, SpanKind.INTERNAL):
        try:
            arguments = msgspec.structs.asdict(function.arguments.decode(request.arguments))
            who: dict[str, Any] = {"principal": principal} if function.wants_principal else {}
            value = await exposure.run(conn, **arguments, **who)
            return Reply(msgspec.Raw(msgspec.msgpack.encode(value)))
        except Refusal as error:
            return Reply.refused(error)
        except msgspec.ValidationError as error:
            return Reply(code=InvalidInput.code, message=f"{request.name}: {error}")
        except VALUE_ERRORS as error:
            return Reply.refused(_at_fault(request, error))
        except CONNECTION_ERRORS:
            raise
        except Exception as error:
            if passing := refusal_of(error):
                return Reply.refused(passing)
            log.exception("%s failed", request.name)
            return Reply(code="INTERNAL", message="internal error")


def _upper(match: "re.Match[str]") -> str:
    return match[1].upper()


def _at_fault(request: Request, error: Exception) -> InvalidInput:
    """Which argument it was; where none stands out, what the database says, and we look, too."""
    arguments = msgspec.msgpack.decode(request.arguments, type=dict[str, Any])
    refusal = culprit({SNAKE.sub(_upper, name): value for name, value in arguments.items()})
    if refusal is None:
        log.warning("%s met a value that does not fit", request.name, exc_info=error)
        refusal = InvalidInput(request.name, error, "what the database can hold")
    return refusal


class Rpc:
    """The calling side: keep-alive connections, a deadline always, reads once more if need be."""

    def __init__(self, settings: Settings, *, local: dict[str, Dispatcher] | None = None) -> None:
        self._addresses = {service: settings.service_url(service) for service in SERVICES}
        self._timeout_s = settings.rpc_timeout_s
        self._signer = Signer(settings)
        self._local = local or {}
        self._session: aiohttp.ClientSession | None = None
        self.requests: dict[str, int] = dict.fromkeys(SERVICES, 0)

    async def __aenter__(self) -> "Rpc":
        self._session = aiohttp.ClientSession(
            # No limit: long waits would keep calls from being sent. Gates say how many there are.
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60)
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        """The open HTTP session; only inside `async with`."""
        if self._session is None:
            raise ServiceUnavailable("the rpc client is not open")
        return self._session

    def address(self, service: str) -> str:
        """Base address of a service, without a trailing slash."""
        return self._addresses[service].rstrip("/")

    def headers(self, principal: Principal) -> dict[str, str]:
        """Who asks and on which trace, for any request to a service."""
        return {auth.HEADER: self._signer.seal(principal), **telemetry.headers()}

    async def call(
        self, principal: Principal, function: Callable[..., Awaitable[R]], *args: Any, **kwargs: Any
    ) -> R:
        """Call one function of a service; its refusals are raised here with their code."""
        return await self.send(principal, Call.of(function, *args, **kwargs))

    async def send(
        self, principal: Principal, call: Call, *, timeout_s: float | None = None
    ) -> Any:
        """Send one call and give its value."""
        (value,) = await self.batch(principal, [call], timeout_s=timeout_s)
        if isinstance(value, Refusal):
            raise value
        return value

    async def batch(
        self, principal: Principal, calls: Sequence[Call], *, timeout_s: float | None = None
    ) -> list[Any]:
        """Several calls to one service in one request; a refused call's place holds its Refusal."""
        service = calls[0].function.service
        try:
            body = msgspec.msgpack.encode([call.request() for call in calls])
        except UnicodeEncodeError as error:
            raise InvalidInput("text", error.object, "text without half a surrogate") from error
        names = {call.function.name for call in calls}
        within_s = timeout_s or self._timeout_s
        with telemetry.span(f"rpc {service}", SpanKind.CLIENT, calls=len(calls)):
            raw = await self._exchange(principal, service, names, body, within_s)
        replies = msgspec.msgpack.decode(raw, type=list[Reply])
        return [_value(call, reply) for call, reply in zip(calls, replies, strict=True)]

    async def _exchange(
        self, principal: Principal, service: str, names: set[str], body: bytes, timeout_s: float
    ) -> bytes:
        if service in self._local:
            self.requests[service] += 1
            return await self._local[service].answer(principal, body)
        try:
            return await self._ask(principal, service, names, body, timeout_s)
        except DISCONNECTS as error:
            raise ServiceUnavailable(f"the {service} service is not reachable") from error
        except TimeoutError as error:
            raise ServiceUnavailable(
                f"the {service} service did not answer within {timeout_s:g} s"
            ) from error

    async def _ask(
        self, principal: Principal, service: str, names: set[str], body: bytes, timeout_s: float
    ) -> bytes:
        try:
            return await self._post(principal, service, body, timeout_s)
        except DISCONNECTS:
            await asyncio.sleep(0.05)
            if not await self._only_read(principal, service, names):
                raise
        return await self._post(principal, service, body, timeout_s)

    async def _only_read(self, principal: Principal, service: str, names: set[str]) -> bool:
        """Whether the service says that all of these only read, so that twice does no harm."""
        url = f"{self.address(service)}/rpc/{service}"
        timeout = aiohttp.ClientTimeout(total=self._timeout_s)
        async with self.session.get(url, headers=self.headers(principal), timeout=timeout) as reply:
            return reply.status == 200 and names <= set(await reply.json())

    async def _post(
        self, principal: Principal, service: str, body: bytes, timeout_s: float
    ) -> bytes:
        self.requests[service] += 1
        headers = {**self.headers(principal), DEADLINE: str(int(timeout_s * 1000))}
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        url = f"{self.address(service)}/rpc/{service}"
        async with self.session.post(url, data=body, headers=headers, timeout=timeout) as response:
            raw = await response.read()
            if response.status == 200:
                return raw
            if response.content_type == CONTENT_TYPE:
                raise msgspec.msgpack.decode(raw, type=Reply).refusal()
            raise ServiceUnavailable(f"the {service} service answered {response.status}")


def _value(call: Call, reply: Reply) -> Any:
    if reply.code:
        return reply.refusal()
    return call.function.result.decode(reply.value)

"""A service's worker: arq brings hints, Postgres holds the work, a slow loop needs neither."""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import uvicorn
from arq import Worker
from arq.worker import func
from redis.exceptions import RedisError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.platform import auth, telemetry
from shared.platform.auth import Signer
from shared.platform.config import Settings
from shared.platform.db import LOST, Database, connected
from shared.process import facts, work
from shared.process.rpc import Rpc
from shared.process.service import stopped
from shared.vocabulary.errors import NotPermitted, Refusal

SLOW_LOOP_S = 1.0
CALM_LOOP_S = 5.0
log = logging.getLogger(__name__)


@dataclass
class Bench:
    """What a drain works with."""

    settings: Settings
    db: Database
    rpc: Rpc


Drain = Callable[[Bench], Awaitable[int]]
"""Do everything of one work list that is due; how many things were claimed."""


class Drains:
    """The drains of one service, one run at a time; asked for by hints and by the slow loop."""

    def __init__(self, bench: Bench, drains: Sequence[Drain]) -> None:
        self.bench = bench
        self._drains = drains
        self._lock = asyncio.Lock()

    async def run(self) -> None:
        """Drain every list; what cannot be reached now is tried again by the next hint or loop."""
        async with self._lock:
            for drain in self._drains:
                try:
                    await drain(self.bench)
                except (*LOST, Refusal) as error:
                    log.warning("%s: %s", drain.__name__, error)
                except Exception:
                    log.exception("%s", drain.__name__)

    async def slowly(self, every_s: float = SLOW_LOOP_S) -> None:
        """Without Redis: look every so often, for ever."""
        while True:
            await self.run()
            await asyncio.sleep(every_s)


Troubles = Callable[[Bench], Awaitable[Sequence[Mapping[str, Any]]]]
"""What keeps the worker from doing all it should; empty when nothing does."""


async def no_troubles(_: Bench) -> Sequence[Mapping[str, Any]]:
    """A worker that has nothing to say of itself."""
    return ()


def run(
    service: str,
    drains: Sequence[Drain],
    *,
    aside: Sequence[Drain] = (),
    troubles: Troubles = no_troubles,
) -> None:
    """Work until told to stop: what `python -m services.<name>.jobs` does.

    `aside` may take long and has loops of its own; nobody waits for them, and no hint calls them.
    """
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s"
    )
    logging.getLogger("arq").setLevel(logging.WARNING)
    settings = Settings.from_env()
    asyncio.run(_run(settings, service, Duties(drains, aside, troubles)))


@dataclass(frozen=True)
class Duties:
    """What a worker does, and how it says what keeps it from that."""

    drains: Sequence[Drain]
    aside: Sequence[Drain]
    troubles: Troubles


async def _run(settings: Settings, service: str, duties: Duties) -> None:
    telemetry.start(settings, f"{service}-worker")
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with working(settings, service, duties.drains, duties.aside) as all_drains:
        server = Endpoint(
            uvicorn.Config(
                _health(lambda: duties.troubles(all_drains.bench), Signer(settings)),
                host=settings.host,
                port=settings.worker_port(service),
                lifespan="off",
                log_level="warning",
                access_log=False,
                server_header=False,
            )
        )
        async with contextlib.AsyncExitStack() as stack:
            for loop in (
                _hinted(settings, service, all_drains),
                server.serve(),
                _tell(stop, server),
            ):
                stack.push_async_callback(stopped, asyncio.create_task(loop))
            await stop.wait()


class Endpoint(uvicorn.Server):
    """A server inside a process that handles its own signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


async def _tell(stop: asyncio.Event, server: uvicorn.Server) -> None:
    await stop.wait()
    server.should_exit = True


@contextlib.asynccontextmanager
async def working(
    settings: Settings, service: str, drains: Sequence[Drain], aside: Sequence[Drain] = ()
) -> AsyncGenerator[Drains]:
    """Pool, rpc client, relay and the slow loop of a worker."""
    async with (
        connected(settings.service_database_url(service), most=4) as db,
        Rpc(settings) as rpc,
    ):
        bench = Bench(settings, db, rpc)
        all_drains = Drains(bench, drains)
        async with contextlib.AsyncExitStack() as stack:
            calm = [Drains(bench, [drain]).slowly(CALM_LOOP_S) for drain in aside]
            for loop in (facts.Log(db, service).relay(), all_drains.slowly(), *calm):
                stack.push_async_callback(stopped, asyncio.create_task(loop))
            yield all_drains


async def _hinted(settings: Settings, service: str, drains: Drains) -> None:
    """arq's worker, started anew when Redis took it down."""

    async def drain(ctx: dict[Any, Any], *args: Any, **kwargs: Any) -> None:
        with telemetry.span(f"process {work.queue_name(service)}", telemetry.SpanKind.CONSUMER):
            await drains.run()

    job = func(drain, name=f"{service}.drain", keep_result=0, max_tries=1, timeout=300)
    while True:
        worker = Worker(
            functions=[job],
            queue_name=work.queue_name(service),
            redis_settings=work.redis_settings(settings.redis_dsn),
            handle_signals=False,
            poll_delay=0.1,
            max_jobs=1,
            health_check_interval=10,
            health_check_key=f"tenure:{service}:worker",
            job_serializer=work.to_json,
            job_deserializer=work.from_json,
            log_results=False,
        )
        try:
            await worker.async_run()
        except (RedisError, OSError) as error:
            log.warning("Redis does not answer (%s); working without hints", error)
        finally:
            with contextlib.suppress(RedisError, OSError, AttributeError):
                await worker.close()
        await asyncio.sleep(1)


def _health(
    troubles: Callable[[], Awaitable[Sequence[Mapping[str, Any]]]], signer: Signer
) -> Starlette:
    """/healthz: it runs. /readyz: it can do all it should, or 503.

    What keeps it from that has tenants in it: only our own processes are told.
    """

    async def alive(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(request: Request) -> Response:
        try:
            found = await troubles()
        except (*LOST, Refusal) as error:
            found = [{"trouble": str(error)}]
        body: dict[str, Any] = {"status": "degraded" if found else "ok"}
        if _is_ours(request, signer):
            body["troubles"] = list(found)
        return Response(
            msgspec.json.encode(body), 503 if found else 200, media_type="application/json"
        )

    return Starlette(routes=[Route("/healthz", alive), Route("/readyz", ready)])


def _is_ours(request: Request, signer: Signer) -> bool:
    try:
        return signer.open(request.headers.get(auth.HEADER, "")).is_system
    except NotPermitted:
        return False

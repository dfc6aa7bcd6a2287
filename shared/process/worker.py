"""A service's worker: Postgres holds the work, every list has a loop, arq brings hints."""

import asyncio
import contextlib
import logging
import signal
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias
from uuid import UUID

import arq
import msgspec
import uvicorn
from arq.worker import func
from redis.exceptions import RedisError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.platform import auth, telemetry
from shared.platform.auth import Signer
from shared.platform.config import Settings
from shared.platform.db import CONNECTION_ERRORS, Database, connect
from shared.process import facts, given_up, work
from shared.process.loops import Loops, await_event, cancel, went_round
from shared.process.rpc import Rpc
from shared.process.serving import configured
from shared.process.work import Claim, WorkList
from shared.vocabulary.errors import NotPermitted, Refusal

QUICK_POLL_S = 1.0
SLOW_POLL_S = 5.0
BACKGROUND_MAX_S = 300.0
MEASURE_S = 20.0
"""How often what was given up is counted, for metrics."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WorkerContext:
    """What a worker works with."""

    settings: Settings
    db: Database
    rpc: Rpc
    loops: Loops = field(default_factory=Loops)


Work: TypeAlias = Callable[[WorkerContext, UUID, Sequence[Claim]], Awaitable[None]]
"""Does what was claimed of one tenant, and finishes it in the transaction of the result."""
Round: TypeAlias = Callable[[WorkerContext], Awaitable[object]]
"""Looks after something that is on no list."""
Problems: TypeAlias = Callable[[WorkerContext], Awaitable[Sequence[Mapping[str, Any]]]]
"""What keeps the worker from doing all it should; empty when nothing does."""


async def no_problems(_: WorkerContext) -> Sequence[Mapping[str, Any]]:
    """A worker that has nothing to say of itself."""
    return ()


@dataclass(frozen=True)
class Worker:
    """What a service's `jobs.py` declares: its lists, each with what does it, and its rounds."""

    service: str
    work: Mapping[WorkList, Work]
    background: Sequence[Round] = ()
    problems: Problems = no_problems

    def __post_init__(self) -> None:
        names = Counter(work_list.name for work_list in self.work)
        twice = sorted(name for name, number in names.items() if number > 1)
        if twice:
            raise ValueError(f"{self.service} declares more than one list '{twice[0]}'")

    async def drain(self, context: WorkerContext, work_list: WorkList) -> int:
        """Do everything of a list that is due; how many things were claimed."""
        return await work.drain(context.db, work_list, partial(self.work[work_list], context))

    async def all_problems(self, context: WorkerContext) -> Sequence[Mapping[str, Any]]:
        """What keeps it from doing all it should: loops, work that is given up, and its own."""
        others = [each.as_problem() for each in await given_up.given_up(context.db)]
        return [*context.loops.problems(), *others, *await self.problems(context)]


def run(worker: Worker) -> None:
    """Work until told to stop: what `python -m services.<name>.jobs` does."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s"
    )
    logging.getLogger("arq").setLevel(logging.WARNING)
    asyncio.run(_run(Settings.from_env(), worker))


async def _run(settings: Settings, worker: Worker) -> None:
    telemetry.start(settings, f"{worker.service}-worker")
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with working(settings, worker) as (context, hints):
        server = Endpoint(
            configured(
                _health(lambda: worker.all_problems(context), Signer(settings)),
                settings.service_host,
                settings.worker_port(worker.service),
                lifespan="off",
            )
        )
        async with contextlib.AsyncExitStack() as stack:
            for loop in (
                _hinted(settings, worker.service, hints),
                server.serve(),
                _tell(stop, server),
            ):
                stack.push_async_callback(cancel, asyncio.create_task(loop))
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
    settings: Settings, worker: Worker
) -> AsyncGenerator[tuple[WorkerContext, Sequence[asyncio.Event]]]:
    """A loop for every list and every round; and what wakes the loops of quick lists."""
    async with (
        connect(settings.service_database_url(worker.service)) as db,
        Rpc(settings) as rpc,
        Loops() as loops,
    ):
        context = WorkerContext(settings, db, rpc, loops)
        hints: list[asyncio.Event] = []
        loops.start("relay", facts.Log(db, worker.service).relay())
        for work_list in worker.work:
            hint, is_quick = asyncio.Event(), work_list.pace == "quick"
            do = partial(worker.drain, context, work_list)
            every_s = QUICK_POLL_S if is_quick else SLOW_POLL_S
            run = poll(work_list.name, do, every_s, hint)
            loops.start(work_list.name, run, max_round_s=work_list.max_round_s)
            hints += [hint] if is_quick else []
        lists = [work_list.name for work_list in worker.work]
        measure = partial(given_up.measure, db, worker.service, lists)
        loops.start("given up", poll("given up", measure, MEASURE_S, asyncio.Event()))
        for look in worker.background:
            run = poll(look.__name__, partial(look, context), SLOW_POLL_S, asyncio.Event())
            loops.start(look.__name__, run, max_round_s=BACKGROUND_MAX_S)
        yield context, hints


async def poll(
    name: str, do: Callable[[], Awaitable[object]], every_s: float, hint: asyncio.Event
) -> None:
    """Do it when a hint comes and every so often anyway, for ever."""
    while True:
        hint.clear()
        try:
            await do()
            went_round()
        except (*CONNECTION_ERRORS, Refusal) as error:
            went_round()  # it is not this loop that is at a halt
            log.warning("%s: %s", name, error)
        except Exception:
            log.exception("%s", name)
        await await_event(hint, every_s)


async def _hinted(settings: Settings, service: str, hints: Sequence[asyncio.Event]) -> None:
    """arq's worker, started anew when Redis took it down."""

    async def drain(ctx: dict[Any, Any], *args: Any, **kwargs: Any) -> None:
        for hint in hints:
            hint.set()

    job = func(drain, name=f"{service}.drain", keep_result=0, max_tries=1, timeout=300)
    while True:
        worker = arq.Worker(
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
    problems: Callable[[], Awaitable[Sequence[Mapping[str, Any]]]], signer: Signer
) -> Starlette:
    """/healthz: it runs. /readyz: it can do all it should, or 503.

    What keeps it from that has tenants in it: only our own processes are told.
    """

    async def alive(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(request: Request) -> Response:
        try:
            troubles = await problems()
        except (*CONNECTION_ERRORS, Refusal) as error:
            troubles = [{"problem": str(error)}]
        body: dict[str, Any] = {"status": "degraded" if troubles else "ok"}
        if _is_ours(request, signer):
            body["problems"] = list(troubles)
        return Response(
            msgspec.json.encode(body), 503 if troubles else 200, media_type="application/json"
        )

    return Starlette(routes=[Route("/healthz", alive), Route("/readyz", ready)])


def _is_ours(request: Request, signer: Signer) -> bool:
    try:
        return signer.open(request.headers.get(auth.HEADER, "")).is_system
    except NotPermitted:
        return False

"""Work lists: marked in a transaction, drained under a lease, hinted at by arq."""

import asyncio
import contextlib
import logging
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, TypeAlias
from urllib.parse import unquote, urlsplit
from uuid import UUID

import msgspec
from arq.connections import ArqRedis, RedisSettings, create_pool
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from shared.platform import telemetry
from shared.platform.config import Settings
from shared.platform.db import AWAY, Conn, Database, to
from shared.process.loops import cancel, went_round
from shared.vocabulary.errors import Conflict

log = logging.getLogger(__name__)
# redis-py says RedisError, but a refused connection arrives as an OSError.
OUTAGE: Any = (RedisConnectionError, RedisTimeoutError, OSError)
MAX_PAUSE_S = {"quick": 10.0, "slow": 300.0}
"""How long work waits at the most for a neighbour that is away, by the pace of its list."""


@dataclass(frozen=True, slots=True)
class WorkList:
    """Things of one kind that are done later; a service declares each of its lists once.

    A quick list is looked at every second and whenever a hint comes, a slow one now and then.
    A lease is renewed while the work is under way; whoever dies loses it within `lease_s`.
    """

    name: str
    max_claims: int = 500
    lease_s: float = 60
    pace: Literal["quick", "slow"] = "quick"
    max_round_s: float = 300
    """How long the work of one tenant may take at once; longer, and its worker is not ready."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing to do, ours until the lease ends; its version grows whenever it is asked for."""

    tenant_id: UUID
    key: UUID
    version: int
    lease: UUID
    attempt: int
    trace: str | None
    postponed: int
    """How often in a row it could not be done because a neighbour was away."""


Work: TypeAlias = Callable[[UUID, Sequence[Claim]], Awaitable[None]]


async def mark(
    conn: Conn, work_list: WorkList, keys: Sequence[UUID], *, delay_s: float = 0
) -> None:
    """Ask, with this transaction, for work on each key of the current tenant."""
    if keys:
        await conn.execute(
            "SELECT mark_work($1, $2, $3, $4)",
            work_list.name,
            list(keys),
            timedelta(seconds=delay_s),
            telemetry.traceparent(),
        )


async def claim(db: Database, work_list: WorkList) -> list[Claim]:
    """Take what is due, of any tenant, under a lease."""
    async with db.write(None) as conn:
        rows = await conn.fetch(
            "SELECT tenant_id, key, wanted AS version, lease, attempt, trace, postponed"
            " FROM claim_work($1, $2, $3)",
            work_list.name,
            work_list.max_claims,
            timedelta(seconds=work_list.lease_s),
        )
    return [to(Claim, row) for row in rows]


async def finish(conn: Conn, work_list: WorkList, claims: Sequence[Claim]) -> None:
    """Call done what this transaction did; Conflict, and so a roll-back, if a lease was lost.

    The rows are locked in the order of `mark`, which may run at the same time, or the two deadlock.
    """
    await conn.execute(
        "SELECT FROM work WHERE list = $1 AND key = ANY ($2) ORDER BY key FOR UPDATE",
        work_list.name,
        [c.key for c in claims],
    )
    rows = await conn.fetch(
        "SELECT finish_work($1, $2, $3, $4) AS key",
        work_list.name,
        [c.key for c in claims],
        [c.version for c in claims],
        [c.lease for c in claims],
    )
    if len(rows) < len(claims):
        raise Conflict(
            f"{len(claims) - len(rows)} leases on '{work_list.name}' were lost to somebody else"
        )


async def fail(db: Database, work_list: WorkList, claim: Claim, error: str) -> None:
    """Give one thing back, to be tried later and later, and at last no more."""
    async with db.write(claim.tenant_id) as conn:
        await conn.execute(
            "SELECT fail_work($1, $2, $3, $4)",
            work_list.name,
            claim.key,
            claim.lease,
            error[:2_000],
        )


async def postpone(db: Database, work_list: WorkList, claims: Sequence[Claim], error: str) -> None:
    """Give things of one tenant back that nobody could do just now; it does not count as a try."""
    async with db.write(claims[0].tenant_id) as conn:
        await conn.execute(
            "SELECT postpone_work($1, $2, $3, $4, $5)",
            work_list.name,
            [c.key for c in claims],
            [c.lease for c in claims],
            timedelta(seconds=MAX_PAUSE_S[work_list.pace]),
            error[:2_000],
        )


async def pending(db: Database, work_list: WorkList) -> int:
    """How many things are not done yet, of any tenant."""
    async with db.read(None) as conn:
        count: int = await conn.fetchval("SELECT work_pending($1)", work_list.name)
    return count


async def drain(db: Database, work_list: WorkList, work: Work) -> int:
    """Do everything that is due, tenant by tenant; how many things were claimed."""
    total = 0
    while claims := await claim(db, work_list):
        total += len(claims)
        by_tenant: dict[UUID, list[Claim]] = defaultdict(list)
        for each in claims:
            by_tenant[each.tenant_id].append(each)
        async with renewed(db, work_list, claims):
            for tenant_id, group in by_tenant.items():
                await _do(db, work_list, work, tenant_id, group)
                went_round()
    return total


@contextlib.asynccontextmanager
async def renewed(
    db: Database, work_list: WorkList, claims: Sequence[Claim]
) -> AsyncGenerator[None]:
    """Renew the leases for as long as the work takes."""

    async def renew() -> None:
        while True:
            await asyncio.sleep(work_list.lease_s / 3)
            with contextlib.suppress(*AWAY):
                async with db.write(None) as conn:
                    await conn.execute(
                        "SELECT renew_work($1, $2, $3)",
                        work_list.name,
                        [c.lease for c in claims],
                        timedelta(seconds=work_list.lease_s),
                    )

    task = asyncio.create_task(renew())
    try:
        yield
    finally:
        await cancel(task)


async def _do(
    db: Database, work_list: WorkList, work: Work, tenant_id: UUID, claims: Sequence[Claim]
) -> None:
    headers = telemetry.trace_headers(claims[0].trace)
    try:
        with telemetry.span(
            f"process {work_list.name}", telemetry.SpanKind.CONSUMER, headers, claims=len(claims)
        ):
            await work(tenant_id, claims)
    except AWAY as error:  # nobody's fault: all of them later
        await postpone(db, work_list, claims, str(error))
    except Exception as error:
        if len(claims) > 1:  # one of them is poison: let the others through
            for claim in claims:
                await _do(db, work_list, work, tenant_id, [claim])
        else:
            log.exception("%s of %s failed", work_list.name, claims[0].key)
            await fail(db, work_list, claims[0], f"{type(error).__name__}: {error}")


def redis_settings(dsn: str) -> RedisSettings:
    """arq's settings from a DSN (its own reader leaves %40 as it is), patient with an outage."""
    parts = urlsplit(dsn)
    return RedisSettings(
        host=parts.hostname or "localhost",
        port=parts.port or 6379,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        database=int(parts.path.lstrip("/") or 0),
        ssl=parts.scheme == "rediss",
        conn_timeout=2,
        conn_retries=3,
        retry=Retry(
            ConstantBackoff(0.5),
            60,
            supported_errors=OUTAGE,
        ),
        retry_on_error=[RedisConnectionError, RedisTimeoutError],
        retry_on_timeout=True,
    )


def to_json(value: dict[str, Any]) -> bytes:
    """arq's default is pickle, which would let whoever writes to Redis run code."""
    return msgspec.json.encode(value)


def from_json(raw: bytes) -> dict[str, Any]:
    """The other direction of `to_json`; arq looks jobs up by these keys."""
    decoded: dict[str, Any] = msgspec.json.decode(raw)
    return decoded


class Hints:
    """Tells workers through Redis that there is work; without Redis they find it a second later."""

    EVERY_S = 0.05

    def __init__(self, settings: Settings, service: str) -> None:
        self._settings = settings
        self._queue = queue_name(service)
        self._job = f"{service}.drain"
        self._due = asyncio.Event()
        self._quiet_until = 0.0

    def send(self) -> None:
        """Hint soon; never waits, never fails."""
        self._due.set()

    async def deliver(self) -> None:
        """Send hints as they fall due, many as one, for ever."""
        pool: ArqRedis | None = None
        while True:
            await self._due.wait()
            self._due.clear()
            try:
                pool = pool or await self._connect()
                async with asyncio.timeout(2):
                    await pool.enqueue_job(self._job)
            except (RedisError, OSError) as error:
                pool = None
                self._complain(error)
            await asyncio.sleep(self.EVERY_S)

    async def _connect(self) -> ArqRedis:
        return await create_pool(
            redis_settings(self._settings.redis_dsn),
            job_serializer=to_json,
            job_deserializer=from_json,
            default_queue_name=self._queue,
        )

    def _complain(self, error: Exception) -> None:
        if time.monotonic() > self._quiet_until:
            self._quiet_until = time.monotonic() + 30
            log.warning("Redis does not answer (%s); workers find their work without hints", error)


def queue_name(service: str) -> str:
    """The arq queue of a service's worker."""
    return f"tenure:{service}"

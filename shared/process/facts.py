"""The durable log: emit with the transaction, relay in order, consume exactly once."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import aiohttp
import msgspec
from opentelemetry.trace import SpanKind

from shared.platform import auth, telemetry
from shared.platform.db import LOST, Conn, Database, set_tenant, to
from shared.process.rpc import Rpc
from shared.vocabulary.errors import Refusal, ServiceUnavailable

RELAY_BATCH = 1_000
RELAY_PAUSE_S = 0.02
"""Between two steps: one after each of many small commits would cost as much as they do."""
PAGE_MOST = 1_000
TRIES = 5
log = logging.getLogger(__name__)

T = TypeVar("T")
Kind: TypeAlias = type[T]


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A fact with its place in a service's log."""

    position: int
    event_id: UUID
    tenant_id: UUID
    account_id: UUID
    sequence: int
    type: str
    payload: dict[str, Any]
    occurred_at: datetime
    logged_at: datetime
    trace: str | None

    def fact(self, kind: Kind[T]) -> T:
        """The payload as its typed fact."""
        return msgspec.convert(self.payload, kind, strict=False)


Listener: TypeAlias = Callable[[Conn, LogEntry], Awaitable[None]]


async def emit(conn: Conn, account_id: UUID, fact: object) -> int:
    """Say, with this transaction, that something became true; gives its sequence.

    Its type is the name of its class.

    Transactions that speak of several accounts do so in account order, or they may deadlock.
    """
    payload = msgspec.to_builtins(fact)
    sequence: int = await conn.fetchval(
        "SELECT emit($1, $2, $3, $4)",
        account_id,
        type(fact).__name__,
        payload,
        telemetry.traceparent(),
    )
    return sequence


async def emit_all(conn: Conn, told: Sequence[tuple[UUID, object]]) -> None:
    """Say many things with one statement, by account; about one account in the order given."""
    if not told:
        return
    ordered = sorted(told, key=lambda one: one[0])
    await conn.execute(
        "SELECT emit_all($1, $2, $3, $4)",
        [about for about, _ in ordered],
        [type(fact).__name__ for _, fact in ordered],
        [msgspec.json.encode(fact).decode() for _, fact in ordered],
        telemetry.traceparent(),
    )


class Log:
    """A service's own log: moves the outbox on, and wakes who waits for news."""

    def __init__(self, db: Database, schema: str) -> None:
        self._db = db
        self._channel = f"{schema}_log"
        self._due = asyncio.Event()
        self._news = asyncio.Condition()
        db.committed.append(self._due.set)

    async def relay(self) -> None:
        """Move facts to the log, for ever: soon after a commit, every half second anyway."""
        while True:
            self._due.clear()
            try:
                await relay_all(self._db)
            except LOST as error:
                log.warning("relay: %s", error)
            except Exception:
                log.exception("relay")
            await asyncio.sleep(RELAY_PAUSE_S)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._due.wait(), 0.5)

    async def listen(self) -> None:
        """Hear the relay of any process and wake waiting readers, for ever."""
        while True:
            try:
                await self._listen_once()
            except LOST as error:
                log.warning("listen: %s", error)
            except Exception:
                log.exception("listen")
            await asyncio.sleep(0.5)

    async def _listen_once(self) -> None:
        async with self._db.pool.acquire() as conn:
            await conn.add_listener(self._channel, self._heard)
            try:
                await self._wake()
                while not conn.is_closed():
                    await asyncio.sleep(5)
                    await conn.fetchval("SELECT 1")
            finally:
                with contextlib.suppress(*LOST):
                    await conn.remove_listener(self._channel, self._heard)

    def _heard(self, *_: object) -> None:
        task = asyncio.get_running_loop().create_task(self._wake())
        task.add_done_callback(lambda done: done.exception())

    async def _wake(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def page(
        self,
        after: int,
        most: int,
        wait_s: float,
        tenant_id: UUID | None,
        types: Sequence[str] = (),
    ) -> list[LogEntry]:
        """The next entries, waiting up to `wait_s` for the first; of one tenant, or of all."""
        deadline = asyncio.get_running_loop().time() + wait_s
        while True:
            entries = await self._read(after, min(most, PAGE_MOST), tenant_id, types)
            left = deadline - asyncio.get_running_loop().time()
            if entries or left <= 0:
                return entries
            await self._await_news(min(left, 1.0))

    async def _await_news(self, timeout_s: float) -> None:
        async with self._news:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), timeout_s)

    async def _read(
        self, after: int, most: int, tenant_id: UUID | None, types: Sequence[str]
    ) -> list[LogEntry]:
        if tenant_id is None:
            return await _read_all_tenants(self._db, after, most)
        async with self._db.read(tenant_id) as conn:
            rows = await conn.fetch(
                "SELECT * FROM event_log WHERE tenant_id = $1 AND position > $2"
                " AND (cardinality($3::text[]) = 0 OR type = ANY ($3)) ORDER BY position LIMIT $4",
                tenant_id,
                after,
                list(types),
                most,
            )
        return [to(LogEntry, row) for row in rows]


async def relay_all(db: Database) -> None:
    """Move everything that waits in the outbox."""
    while True:
        async with db.pool.acquire() as conn:
            if await conn.fetchval("SELECT relay_step($1)", RELAY_BATCH) < RELAY_BATCH:
                return


async def end(db: Database) -> int:
    """The newest position of this service's log."""
    async with db.pool.acquire() as conn:
        position: int = await conn.fetchval("SELECT log_end()")
    return position


async def _read_all_tenants(db: Database, after: int, most: int) -> list[LogEntry]:
    entries: list[LogEntry] = []
    async with db.read(None) as conn:
        places = await conn.fetch("SELECT pos, tenant FROM log_positions($1, $2)", after, most)
        for tenant_id in {row["tenant"] for row in places}:
            await set_tenant(conn, tenant_id)
            rows = await conn.fetch(
                "SELECT * FROM event_log WHERE position = ANY ($1)",
                [row["pos"] for row in places if row["tenant"] == tenant_id],
            )
            entries += [to(LogEntry, row) for row in rows]
    return sorted(entries, key=lambda entry: entry.position)


class Consumer:
    """Follows another service's log; offset and effect commit together, in our own database."""

    def __init__(
        self, db: Database, rpc: Rpc, source: str, listeners: Mapping[str, Listener]
    ) -> None:
        self._db = db
        self._rpc = rpc
        self._source = source
        self._listeners = listeners

    async def follow(self) -> None:
        """Pull and apply, for ever."""
        while True:
            try:
                await self.step(wait_s=10)
            except (aiohttp.ClientError, TimeoutError, Refusal, *LOST) as error:
                log.info("waiting for the log of %s: %s", self._source, error)
                await asyncio.sleep(0.5)
            except Exception:
                log.exception("following %s", self._source)
                await asyncio.sleep(1)

    async def step(self, wait_s: float = 0) -> int:
        """Pull one page and apply it; how many entries it held."""
        entries = await self._pull(await self._offset(), wait_s)
        if not entries:
            return 0
        try:
            await self._apply(entries)
        except (*LOST, ServiceUnavailable):
            raise
        except Exception:
            log.exception("a page of %s failed; one by one", self._source)
            for entry in entries:
                await self._apply_alone(entry)
        return len(entries)

    async def _offset(self) -> int:
        async with self._db.read(None) as conn:
            position: int | None = await conn.fetchval(
                "SELECT position FROM consumer_offset WHERE source = $1", self._source
            )
        return position or 0

    async def _pull(self, after: int, wait_s: float) -> list[LogEntry]:
        url = f"{self._rpc.address(self._source)}/log"
        query = {"after": str(after), "limit": "500", "wait_s": str(wait_s)}
        timeout = aiohttp.ClientTimeout(total=wait_s + 5)
        headers = self._rpc.headers(auth.system())
        async with self._rpc.session.get(
            url, params=query, headers=headers, timeout=timeout
        ) as response:
            if response.status != 200:
                raise ServiceUnavailable(f"{self._source} answered {response.status}")
            return msgspec.msgpack.decode(await response.read(), type=list[LogEntry])

    async def _apply(self, entries: Sequence[LogEntry]) -> None:
        async with self._db.write(None) as conn:
            held = await self._hold(conn)
            for entry in entries:
                listener = self._listeners.get(entry.type)
                if listener is not None and entry.position > held:
                    await self._tell(conn, listener, entry)
            await self._advance(conn, entries[-1].position)

    async def _tell(self, conn: Conn, listener: Listener, entry: LogEntry) -> None:
        await set_tenant(conn, entry.tenant_id)
        carried = telemetry.carried(entry.trace)
        with telemetry.span(
            f"process {entry.type}", SpanKind.CONSUMER, carried, position=entry.position
        ):
            await listener(conn, entry)

    async def _hold(self, conn: Conn) -> int:
        """Lock our offset, so that two processes of a service do not apply a page twice."""
        await conn.execute(
            "INSERT INTO consumer_offset (source, position) VALUES ($1, 0) ON CONFLICT DO NOTHING",
            self._source,
        )
        held: int = await conn.fetchval(
            "SELECT position FROM consumer_offset WHERE source = $1 FOR UPDATE", self._source
        )
        return held

    async def _advance(self, conn: Conn, position: int) -> None:
        await conn.execute(
            "UPDATE consumer_offset SET position = greatest(position, $2) WHERE source = $1",
            self._source,
            position,
        )

    async def _apply_alone(self, entry: LogEntry) -> None:
        """One entry; after enough tries it goes to the dead letters and the others flow on."""
        for attempt in range(1, TRIES + 1):
            try:
                await self._apply([entry])
            except (*LOST, ServiceUnavailable):
                raise
            except Exception as error:
                log.warning("%s %s, try %s: %s", self._source, entry.position, attempt, error)
                if attempt == TRIES:
                    await self._bury(entry, f"{type(error).__name__}: {error}")
                await asyncio.sleep(0.05 * attempt)
            else:
                return

    async def _bury(self, entry: LogEntry, error: str) -> None:
        async with self._db.write(entry.tenant_id) as conn:
            await self._hold(conn)
            await conn.execute(
                "INSERT INTO dead_letter"
                " (tenant_id, source, position, account_id, sequence, type, payload, error)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
                entry.tenant_id,
                self._source,
                entry.position,
                entry.account_id,
                entry.sequence,
                entry.type,
                entry.payload,
                error[:2_000],
            )
            await self._advance(conn, entry.position)

"""The durable log: emit with the transaction, relay in order, read by position."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import msgspec

from shared.platform import telemetry
from shared.platform.db import CONNECTION_ERRORS, Conn, Database, set_tenant, to
from shared.process.loops import await_event, went_round

RELAY_BATCH = 1_000
RELAY_PAUSE_S = 0.02
"""Between two steps: one after each of many small commits would cost as much as they do."""
MAX_PAGE = 1_000
LOOK_S = 1.0
"""How often the log itself is looked at, should no notice come."""
LOOK_AGAIN_S = 10.0
"""After so long a reader looks for itself."""
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
        """The payload as its typed fact; recorded when it was told, unless it says otherwise."""
        payload = {"recorded_at": self.occurred_at, **self.payload}
        return msgspec.convert(payload, kind, strict=False)


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


async def emit_all(conn: Conn, facts: Sequence[tuple[UUID, object]]) -> None:
    """Say many things with one statement, by account; about one account in the order given."""
    if not facts:
        return
    ordered = sorted(facts, key=itemgetter(0))
    await conn.execute(
        "SELECT emit_all($1, $2, $3, $4)",
        [account_id for account_id, _ in ordered],
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
        self._notices = asyncio.Event()
        self._news: dict[UUID | None, asyncio.Event] = {}
        """What a tenant's readers wait for, and those of the whole log."""
        db.committed.append(self._due.set)

    async def relay(self) -> None:
        """Move facts to the log, for ever: soon after a commit, every half second anyway."""
        while True:
            self._due.clear()
            try:
                await relay_all(self._db)
            except CONNECTION_ERRORS as error:
                log.warning("relay: %s", error)
            except Exception:
                log.exception("relay")
            await asyncio.sleep(RELAY_PAUSE_S)
            await await_event(self._due, 0.5)

    async def listen(self) -> None:
        """Hear the relay of any process and wake waiting readers, for ever."""
        while True:
            try:
                await self._listen_once()
            except CONNECTION_ERRORS as error:
                log.warning("listen: %s", error)
            except Exception:
                log.exception("listen")
            await asyncio.sleep(0.5)

    async def _listen_once(self) -> None:
        async with self._db.pool.acquire() as conn:
            await conn.add_listener(self._channel, self._notice)
            try:
                end: int = await conn.fetchval("SELECT log_end()")
                self._wake(list(self._news))  # nobody has told them what came before
                while not conn.is_closed():
                    end = await self._tell_news(conn, end)
                    went_round()
                    await await_event(self._notices, LOOK_S)
            finally:
                with contextlib.suppress(*CONNECTION_ERRORS):
                    await conn.remove_listener(self._channel, self._notice)

    def _notice(self, *_: object) -> None:
        self._notices.set()

    async def _tell_news(self, conn: Conn, end: int) -> int:
        """Wake who waits for a tenant that has news, and no others; the end of the log."""
        self._notices.clear()
        query = "SELECT pos, tenant FROM log_positions($1, $2)"
        while rows := await conn.fetch(query, end, MAX_PAGE):
            end = rows[-1]["pos"]
            self._wake({None, *(row["tenant"] for row in rows)})
        return end

    def _wake(self, tenants: Iterable[UUID | None]) -> None:
        """Whoever comes now waits for the next news."""
        for tenant_id in tenants:
            if news := self._news.pop(tenant_id, None):
                news.set()

    async def page(
        self,
        after: int,
        limit: int,
        wait_s: float,
        tenant_id: UUID | None,
        types: Sequence[str] = (),
    ) -> list[LogEntry]:
        """The next entries, waiting up to `wait_s` for the first; of one tenant, or of all."""
        deadline = asyncio.get_running_loop().time() + wait_s
        while True:
            # Of before the reading: what comes meanwhile is not missed.
            news = self._news.setdefault(tenant_id, asyncio.Event())
            entries = await self._read(after, min(limit, MAX_PAGE), tenant_id, types)
            left = deadline - asyncio.get_running_loop().time()
            if entries or left <= 0:
                return entries
            await await_event(news, min(left, LOOK_AGAIN_S))

    async def _read(
        self, after: int, limit: int, tenant_id: UUID | None, types: Sequence[str]
    ) -> list[LogEntry]:
        if tenant_id is None:
            return await _read_all_tenants(self._db, after, limit)
        async with self._db.read(tenant_id) as conn:
            rows = await conn.fetch(
                "SELECT * FROM event_log WHERE tenant_id = $1 AND position > $2"
                " AND (cardinality($3::text[]) = 0 OR type = ANY ($3)) ORDER BY position LIMIT $4",
                tenant_id,
                after,
                list(types),
                limit,
            )
        return [to(LogEntry, row) for row in rows]


async def relay_all(db: Database) -> None:
    """Move everything that waits in the outbox."""
    count = RELAY_BATCH
    while count >= RELAY_BATCH:
        async with db.pool.acquire() as conn:
            count = await conn.fetchval("SELECT relay_step($1)", RELAY_BATCH)
        went_round()


async def end(db: Database) -> int:
    """The newest position of this service's log."""
    async with db.read(None) as conn:
        position: int = await conn.fetchval("SELECT log_end()")
    return position


async def _read_all_tenants(db: Database, after: int, limit: int) -> list[LogEntry]:
    entries: list[LogEntry] = []
    async with db.read(None) as conn:
        places = await conn.fetch("SELECT pos, tenant FROM log_positions($1, $2)", after, limit)
        for tenant_id in {row["tenant"] for row in places}:
            await set_tenant(conn, tenant_id)
            rows = await conn.fetch(
                "SELECT * FROM event_log WHERE position = ANY ($1)",
                [row["pos"] for row in places if row["tenant"] == tenant_id],
            )
            entries += [to(LogEntry, row) for row in rows]
    return sorted(entries, key=lambda entry: entry.position)

"""Follow another service's log: effects and position commit together, in our own database."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

import aiohttp
import msgspec

from shared.platform import auth
from shared.platform.db import (
    CONNECTION_ERRORS,
    Conn,
    Database,
    savepoint,
    set_patience,
    set_tenant,
)
from shared.process.facts import LogEntry
from shared.process.listeners import Listeners, hear
from shared.process.loops import went_round
from shared.process.retries import Retries
from shared.process.rpc import Rpc
from shared.vocabulary.errors import Refusal, ServiceUnavailable

PAGE = 500
STATEMENT_TIMEOUT = "2s"
LOCK_TIMEOUT = "250ms"
"""A tenant whose rows are locked for longer is caught up on apart: the others of the page go on."""
NEXT_LOCK_TIMEOUT = "10ms"
"""Once a page has waited for one tenant: the next such tenants are not waited for as long."""

log = logging.getLogger(__name__)


class Consumer:
    """Pulls page by page, and tells our listeners each tenant's part of it."""

    def __init__(self, db: Database, rpc: Rpc, source: str, listeners: Listeners) -> None:
        self._db = db
        self._rpc = rpc
        self._source = source
        self._listeners = listeners
        self._types = {kind for kinds in listeners.values() for kind in kinds}
        self.retries = Retries(db, source, listeners)

    async def follow(self) -> None:
        """Pull and apply, for ever."""
        while True:
            try:
                await self.step(wait_s=10)
                went_round()
            except (aiohttp.ClientError, Refusal, *CONNECTION_ERRORS) as error:
                went_round()  # it is not this loop that is at a halt
                log.info("waiting for the log of %s: %s", self._source, error)
                await asyncio.sleep(0.5)
            except Exception:
                log.exception("following %s", self._source)
                await asyncio.sleep(1)

    async def step(self, wait_s: float = 0) -> int:
        """Pull one page and apply it; how many entries it has."""
        entries = await self._pull(await self._offset(), wait_s)
        if entries:
            await self._apply(entries)
        return len(entries)

    async def _offset(self) -> int:
        async with self._db.read(None) as conn:
            position: int | None = await conn.fetchval(
                "SELECT position FROM consumer_offset WHERE source = $1", self._source
            )
        return position or 0

    async def _pull(self, after: int, wait_s: float) -> list[LogEntry]:
        url = f"{self._rpc.address(self._source)}/log"
        query = {"after": str(after), "limit": str(PAGE), "wait_s": str(wait_s)}
        timeout = aiohttp.ClientTimeout(total=wait_s + 5)
        headers = self._rpc.headers(auth.system())
        async with self._rpc.session.get(
            url, params=query, headers=headers, timeout=timeout
        ) as response:
            if response.status != 200:
                raise ServiceUnavailable(f"{self._source} answered {response.status}")
            return msgspec.msgpack.decode(await response.read(), type=list[LogEntry])

    async def _apply(self, entries: Sequence[LogEntry]) -> None:
        """One transaction: every tenant's part, in an order that all transactions keep to."""
        async with self._db.write(None) as conn:
            position = await self._lock_offset(conn)
            new = (e for e in entries if e.position > position and e.type in self._types)
            for tenant_id, part in sorted(_by_tenant(new).items()):
                await self._apply_part(conn, tenant_id, part)
            await conn.execute(
                "UPDATE consumer_offset SET position = greatest(position, $2) WHERE source = $1",
                self._source,
                entries[-1].position,
            )

    async def _lock_offset(self, conn: Conn) -> int:
        """Lock our offset, so that two processes of a service do not apply a page twice."""
        await conn.execute(
            "INSERT INTO consumer_offset (source, position) VALUES ($1, 0) ON CONFLICT DO NOTHING",
            self._source,
        )
        position: int = await conn.fetchval(
            "SELECT position FROM consumer_offset WHERE source = $1 FOR UPDATE", self._source
        )
        await set_patience(conn, LOCK_TIMEOUT, STATEMENT_TIMEOUT)
        return position

    async def _apply_part(self, conn: Conn, tenant_id: UUID, part: Sequence[LogEntry]) -> None:
        """A part that fails is tried again apart, and so is what follows of the same accounts."""
        await set_tenant(conn, tenant_id)
        waiting = await self.retries.accounts(conn)
        ready = [entry for entry in part if entry.account_id not in waiting]
        try:
            async with savepoint(conn):
                await hear(conn, self._listeners, ready)
        except (*CONNECTION_ERRORS, ServiceUnavailable):
            raise
        except Exception as error:
            log.warning("%s facts of %s apart: %s", len(part), self._source, error)
            await self.retries.add(conn, part)
            await set_patience(conn, NEXT_LOCK_TIMEOUT, STATEMENT_TIMEOUT)
        else:
            await self.retries.add(conn, [entry for entry in part if entry.account_id in waiting])


def _by_tenant(entries: Iterable[LogEntry]) -> dict[UUID, list[LogEntry]]:
    parts: dict[UUID, list[LogEntry]] = defaultdict(list)
    for entry in entries:
        parts[entry.tenant_id].append(entry)
    return parts

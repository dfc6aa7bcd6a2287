"""Facts that could not be applied with their page: tried again apart, account by account."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from shared.platform.db import AWAY, Conn, Database, savepoint, set_patience, to
from shared.process.facts import LogEntry
from shared.process.listeners import Listeners, hear
from shared.process.loops import await_event, went_round

TRIES = 5
FIRST_PAUSE = timedelta(seconds=0.1)
"""Before the second try of a fact; twice as long before each further one."""

IDLE_S = 5.0
BUSY_S = 0.1
BROKEN_S = 1.0
ROUND = 500
LOCK_TIMEOUT = "2s"
STATEMENT_TIMEOUT = "10s"
"""Here a tenant may take longer than with its page: only other tenants' retries wait for it."""

log = logging.getLogger(__name__)


class Retries:
    """What of one log waits to be tried again."""

    def __init__(self, db: Database, source: str, listeners: Listeners) -> None:
        self._db = db
        self._source = source
        self._listeners = listeners
        self._news = asyncio.Event()

    async def accounts(self, conn: Conn) -> set[UUID]:
        """Accounts of the tenant whose further facts wait behind those that are here."""
        rows = await conn.fetch(
            "SELECT DISTINCT account_id FROM fact_retry WHERE source = $1", self._source
        )
        return {row["account_id"] for row in rows}

    async def add(self, conn: Conn, entries: Sequence[LogEntry]) -> None:
        """Keep facts of the tenant for another try."""
        if entries:
            await conn.executemany(
                "INSERT INTO fact_retry (source, position, event_id, account_id, sequence, type,"
                " payload, occurred_at, logged_at, trace)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                [
                    (self._source, e.position, e.event_id, e.account_id, e.sequence, e.type,
                     e.payload, e.occurred_at, e.logged_at, e.trace)
                    for e in entries
                ],
            )  # fmt: skip
            self._news.set()

    async def follow(self) -> None:
        """Try again what is due, for ever."""
        while True:
            self._news.clear()
            pause_s = BROKEN_S
            try:
                pause_s = BUSY_S if await self.round() else IDLE_S
                went_round()
            except AWAY as error:
                went_round()  # it is not this loop that is at a halt
                log.info("facts of %s cannot be tried again now: %s", self._source, error)
            except Exception:
                log.exception("trying facts of %s again", self._source)
            await await_event(self._news, pause_s)

    async def round(self) -> bool:
        """Try once what is due of every tenant; whether any tenant had facts to try."""
        async with self._db.read(None) as conn:
            rows = await conn.fetch("SELECT * FROM retry_tenants($1)", self._source)
        problem: Exception | None = None
        for tenant_id in [row["tenant_id"] for row in rows if row["is_due"]]:
            try:
                await self._try_again(tenant_id)
            except AWAY as error:  # others may have better luck
                problem = error
            went_round()
        if problem:
            raise problem
        return bool(rows)

    async def _try_again(self, tenant_id: UUID) -> None:
        """An account whose turn has come is here with everything that waits."""
        async with self._db.write(tenant_id) as conn:
            await set_patience(conn, LOCK_TIMEOUT, STATEMENT_TIMEOUT)
            rows = await conn.fetch(
                "SELECT * FROM fact_retry WHERE source = $1 AND account_id IN ("
                " SELECT account_id FROM fact_retry WHERE source = $1"
                " GROUP BY account_id HAVING max(next_at) <= clock_timestamp())"
                " ORDER BY account_id, position LIMIT $2 FOR UPDATE",
                self._source,
                ROUND,
            )
            entries = [to(LogEntry, row) for row in rows]
            failures: dict[UUID, tuple[LogEntry, str]] = {}
            await self._apply(conn, entries, failures)
            await self._remove(conn, [e.position for e in entries if _passed(e, failures)])
            for entry, error in failures.values():
                await self._fail(conn, entry, error)

    async def _apply(
        self, conn: Conn, entries: Sequence[LogEntry], failures: dict[UUID, tuple[LogEntry, str]]
    ) -> None:
        """All at once, or in halves, down to the one that fails; it holds up its account alone."""
        entries = [entry for entry in entries if entry.account_id not in failures]
        if not entries:
            return
        try:
            async with savepoint(conn):
                await hear(conn, self._listeners, entries)
        except AWAY:  # no fault of any fact: none of this counts as a try
            raise
        except Exception as error:
            if len(entries) == 1:
                failures[entries[0].account_id] = (entries[0], f"{type(error).__name__}: {error}")
                return
            middle = len(entries) // 2
            await self._apply(conn, entries[:middle], failures)
            await self._apply(conn, entries[middle:], failures)

    async def _remove(self, conn: Conn, positions: Sequence[int]) -> None:
        await conn.execute(
            "DELETE FROM fact_retry WHERE source = $1 AND position = ANY ($2)",
            self._source,
            positions,
        )

    async def _fail(self, conn: Conn, entry: LogEntry, error: str) -> None:
        """Later again; after enough tries it goes to the dead letters and the others flow on."""
        tries: int = await conn.fetchval(
            "UPDATE fact_retry SET tries = tries + 1,"
            " next_at = clock_timestamp() + $3::interval * 2 ^ tries"
            " WHERE source = $1 AND position = $2 RETURNING tries",
            self._source,
            entry.position,
            FIRST_PAUSE,
        )
        log.warning("%s %s, try %s: %s", self._source, entry.position, tries, error)
        if tries >= TRIES:
            await conn.execute(
                "INSERT INTO dead_letter"
                " (tenant_id, source, position, account_id, sequence, type, payload, error,"
                "  event_id, occurred_at, logged_at, trace)"
                " SELECT tenant_id, source, position, account_id, sequence, type, payload, $3,"
                "  event_id, occurred_at, logged_at, trace FROM fact_retry"
                " WHERE source = $1 AND position = $2 ON CONFLICT DO NOTHING",
                self._source,
                entry.position,
                error[:2_000],
            )
            await self._remove(conn, [entry.position])


def _passed(entry: LogEntry, failures: dict[UUID, tuple[LogEntry, str]]) -> bool:
    """Whether a fact was applied: of an account with a failure, those before it were."""
    first = failures.get(entry.account_id)
    return first is None or entry.position < first[0].position

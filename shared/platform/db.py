"""The pool of one service, and transactions that know their tenant."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar
from uuid import UUID

import asyncpg
import msgspec

from shared.platform import telemetry
from shared.platform.gates import Gate, Limit
from shared.platform.limits import OWN_CONNECTIONS, TRANSACTIONS
from shared.vocabulary.errors import ServiceUnavailable

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Conn: TypeAlias = PoolConnectionProxy[asyncpg.Record] | asyncpg.Connection[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Row: TypeAlias = asyncpg.Record
else:  # asyncpg's classes take no brackets at run time
    Conn = asyncpg.Connection
    Pool = asyncpg.Pool
    Row = asyncpg.Record

T = TypeVar("T")

TIMEOUT_S = 30
MAX_CONNECTIONS: Final = TRANSACTIONS.whole + OWN_CONNECTIONS
CONNECTION_ERRORS = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,  # SQLSTATE class 08
    asyncpg.InsufficientResourcesError,  # class 53: disk full, out of memory, no connection left
    asyncpg.AdminShutdownError,  # of class 57 all but a statement that was cancelled
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.DatabaseDroppedError,
    asyncpg.IdleSessionTimeoutError,
    asyncpg.PostgresSystemError,  # class 58: its disk cannot be read or written
    asyncpg.InternalClientError,  # what a connection says that ends while it is being used
)
"""The database is away, or has no room: nobody's fault, and later it will do."""
PASSING_ERRORS: Final[dict[type[Exception], str]] = {
    asyncpg.TransactionRollbackError: "others wrote the same rows",
    asyncpg.LockNotAvailableError: "others wrote the same rows",
    asyncpg.DiskFullError: "the database's disk is full",
    asyncpg.OutOfMemoryError: "the database is out of memory",
    asyncpg.InsufficientResourcesError: "the database has no room for more at present",
    asyncpg.QueryCanceledError: "the database took too long",
    asyncpg.OperatorInterventionError: "the database restarts",
    asyncpg.PostgresSystemError: "the database cannot read or write its disk",
    **dict.fromkeys(CONNECTION_ERRORS, "the database went away or does not answer"),
}
"""What passes without anybody's doing, and what to say of it; the first that fits."""
AWAY = (
    *CONNECTION_ERRORS,
    ServiceUnavailable,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,  # a server that only follows another one
)
"""The database or a neighbour cannot do it just now: no fault of the work, so no try of it."""
VALUE_ERRORS = (asyncpg.DataError, asyncpg.CheckViolationError, asyncpg.ProgramLimitExceededError)
"""A value is at fault: of a size, form or characters that its column cannot hold."""


class Database:
    """A pool; every transaction runs as one tenant, or as none."""

    def __init__(self, pool: Pool, limit: Limit = TRANSACTIONS) -> None:
        self.pool = pool
        self._gate = Gate(limit)
        self.committed: list[Callable[[], None]] = []

    @asynccontextmanager
    async def read(self, tenant_id: UUID | None) -> AsyncGenerator[Conn]:
        """A read-only transaction with the tenant set."""
        async with self._transaction(tenant_id, readonly=True) as conn:
            yield conn

    @asynccontextmanager
    async def write(self, tenant_id: UUID | None) -> AsyncGenerator[Conn]:
        """A transaction with the tenant set; who watches `committed` is told afterwards."""
        async with self._transaction(tenant_id, readonly=False) as conn:
            yield conn
        for tell in self.committed:
            tell()

    @asynccontextmanager
    async def _transaction(self, tenant_id: UUID | None, *, readonly: bool) -> AsyncGenerator[Conn]:
        async with self._place(tenant_id), self._acquired() as conn:
            try:
                await conn.execute(_begin(tenant_id, readonly=readonly))
                yield conn
            except BaseException:
                with suppress(*CONNECTION_ERRORS):  # the error under way says more
                    await conn.execute("ROLLBACK")
                raise
            await conn.execute("COMMIT")

    def _place(self, tenant_id: UUID | None) -> AbstractAsyncContextManager[None]:
        """A tenant's turn; our own loops have connections that no tenant gets."""
        return nullcontext() if tenant_id is None else self._gate.turn(tenant_id)

    @asynccontextmanager
    async def _acquired(self) -> AsyncGenerator[Conn]:
        try:
            conn = await self.pool.acquire(timeout=TIMEOUT_S)
            try:
                yield conn
            finally:
                with suppress(*CONNECTION_ERRORS):  # what was committed stays
                    await self.pool.release(conn)
        except CONNECTION_ERRORS as error:
            raise refusal_of(error) or error from error


def refusal_of(error: Exception) -> ServiceUnavailable | None:
    """What to answer to an error of the database that passes; nothing where it does not."""
    for kind, reason in PASSING_ERRORS.items():
        if isinstance(error, kind):
            return ServiceUnavailable(f"{reason}; send it again in a moment")
    return None


def _begin(tenant_id: UUID | None, *, readonly: bool) -> str:
    """Begin as a tenant, in one round trip; a UUID is nothing but hexadecimal digits in quotes."""
    begin = "BEGIN READ ONLY" if readonly else "BEGIN"
    return begin if tenant_id is None else f"{begin}; SET LOCAL tenure.tenant = '{tenant_id}'"


async def _as_it_is(_: Conn) -> None:
    """Nothing to reset between two transactions: what we set, we set for one transaction, and the
    pool itself ends one that is open and forgets listeners. Saves a round trip of four commands."""


async def set_tenant(conn: Conn, tenant_id: UUID) -> None:
    """From here to the end of the transaction only this tenant's rows exist."""
    await conn.execute("SELECT set_config('tenure.tenant', $1, true)", str(tenant_id))


async def set_patience(conn: Conn, for_a_lock: str, for_a_statement: str) -> None:
    """From here to the end of the transaction nothing takes longer: it fails instead."""
    await conn.execute(
        "SELECT set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true)",
        for_a_lock,
        for_a_statement,
    )


@asynccontextmanager
async def savepoint(conn: Conn) -> AsyncGenerator[None]:
    """A part of a transaction that may fail without the rest."""
    await conn.execute("SAVEPOINT part")
    try:
        yield
    except BaseException:
        with suppress(*CONNECTION_ERRORS):  # the error under way says more
            await conn.execute("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part")
        raise
    await conn.execute("RELEASE SAVEPOINT part")


@asynccontextmanager
async def connect(url: str, *, max_size: int = MAX_CONNECTIONS) -> AsyncGenerator[Database]:
    """A pool for one process; jsonb travels as Python values."""
    places = max(1, max_size - OWN_CONNECTIONS)
    limit = replace(TRANSACTIONS, whole=places, tenant=(places + 1) // 2)
    pool = await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=max_size,
        command_timeout=TIMEOUT_S,
        timeout=10,
        init=prepare,
        reset=_as_it_is,
        server_settings={
            "application_name": "tenure",
            "statement_timeout": f"{TIMEOUT_S}s",
            # A kept plan was made for one tenant and one length of list. Made for an empty tenant
            # it reads a large one row by row: 20 s in place of 0.1 s, measured on usage.features.
            "plan_cache_mode": "force_custom_plan",
        },
    )
    try:
        yield Database(pool, limit)
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                await pool.close()
        pool.terminate()


async def prepare(conn: Conn) -> None:
    """Codecs and statement spans of a new connection."""
    await conn.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_to_json, decoder=msgspec.json.decode, format="text"
    )
    if telemetry.exports():  # each statement is timed for it
        conn.add_query_logger(telemetry.statement)


def _to_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def to(kind: type[T], row: Row, **values: Any) -> T:
    """A row as a domain type, checked; columns the type does not name are left out.

    `values` are fields that no column holds as it stands.
    """
    return msgspec.convert({**row, **values}, kind, strict=True)

"""Servers of one's own: asked once whether they will do; a wrong address is one sentence."""

import asyncio
import socket
import ssl
from urllib.parse import SplitResult, unquote, urlsplit

import asyncpg

from infra.supervising.errors import StartError
from shared.platform.config import Settings

TIMEOUT_S = 5.0
OLDEST_POSTGRES = 18


async def check(settings: Settings) -> None:
    """StartError if a server that the settings name is not there or will not do."""
    if settings.database_url:
        await check_postgres(settings.database_url)
    if settings.redis_url:
        await asyncio.to_thread(check_redis, settings.redis_url)


async def check_postgres(url: str, *, timeout_s: float = TIMEOUT_S) -> None:
    """Sign in, and see that the version and the rights suffice."""
    conn, where = await sign_in(url, timeout_s=timeout_s)
    try:
        await check_rights(conn, where)
    finally:
        await conn.close()


async def sign_in(
    url: str, *, timeout_s: float = TIMEOUT_S
) -> tuple["asyncpg.Connection[asyncpg.Record]", str]:
    """A connection to the server that the settings name, and where that is, in words."""
    parts = urlsplit(url)
    where = f"{parts.hostname}:{parts.port or 5432} (TENURE_DATABASE_URL)"
    try:
        return await asyncpg.connect(url, timeout=timeout_s), where
    except asyncpg.InvalidAuthorizationSpecificationError as error:
        raise StartError(
            f"PostgreSQL at {where} refuses the user '{parts.username}' or the password."
        ) from error
    except asyncpg.InvalidCatalogNameError as error:
        raise StartError(
            f"PostgreSQL at {where} has no database '{parts.path.lstrip('/')}'; create it first."
        ) from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise StartError(
            f"No PostgreSQL can be used at {where}: {reason(error, timeout_s)}."
        ) from error


async def check_rights(conn: asyncpg.Connection, where: str) -> None:
    """The version must have what the SQL uses; the role must be able to make roles and schemas."""
    version = conn.get_server_version()
    if version.major < OLDEST_POSTGRES:
        raise StartError(
            f"PostgreSQL at {where} is version {version.major}; "
            f"{OLDEST_POSTGRES} or newer is needed."
        )
    may = await conn.fetchval(
        "SELECT (rolsuper OR rolcreaterole)"
        " AND has_database_privilege(current_database(), 'CREATE')"
        " FROM pg_roles WHERE rolname = current_user"
    )
    if not may:
        raise StartError(
            f"The role of PostgreSQL at {where} may not make roles and schemas; "
            "give it CREATEROLE, and CREATE on the database."
        )


def check_redis(url: str, *, timeout_s: float = TIMEOUT_S) -> None:
    """Sign in and ask for a PONG."""
    parts = urlsplit(url)
    where = f"{parts.hostname}:{parts.port or 6379} (TENURE_REDIS_URL)"
    try:
        reply = ping(parts, timeout_s)
    except OSError as error:
        raise StartError(f"No Redis can be used at {where}: {reason(error, timeout_s)}.") from error
    if reply.startswith((b"-WRONGPASS", b"-NOAUTH", b"-ERR AUTH")):
        raise StartError(f"Redis at {where} refuses the user or the password.")
    if not reply.endswith(b"+PONG\r\n"):
        raise StartError(
            f"What answers at {where} is not a Redis that can be used: {reply[:60]!r}."
        )


def ping(parts: SplitResult, timeout_s: float) -> bytes:
    """Everything the server says to our sign-in and PING."""
    words: list[str] = []
    if parts.password:
        words = ["AUTH", *([unquote(parts.username)] if parts.username else [])]
        words.append(unquote(parts.password))
    request = (command(words) if words else b"") + command(["PING"])
    host = parts.hostname or "localhost"
    with socket.create_connection((host, parts.port or 6379), timeout_s) as plain:
        secure = parts.scheme == "rediss"
        context = ssl.create_default_context() if secure else None
        with context.wrap_socket(plain, server_hostname=host) if context else plain as connection:
            connection.sendall(request)
            reply = b""
            while reply.count(b"\r\n") < 1 + bool(words) and (part := connection.recv(1024)):
                reply += part
                if reply.startswith(b"-"):
                    break
    return reply


def command(words: list[str]) -> bytes:
    """A command in Redis's protocol."""
    parts = [word.encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts)


def reason(error: Exception, timeout_s: float) -> str:
    """Why a server cannot be reached, in plain words."""
    if isinstance(error, TimeoutError):
        return f"no answer within {timeout_s:g} s"
    if isinstance(error, socket.gaierror):
        return "there is no host of that name"
    if isinstance(error, ConnectionRefusedError) or "Connect call failed" in str(error):
        return "nothing listens there"
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__

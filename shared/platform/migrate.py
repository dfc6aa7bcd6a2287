"""Migrations: forward only, checksummed, one at a time; also makes the application roles."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from shared.platform.config import SCHEMAS, Settings
from shared.vocabulary.errors import Conflict

LOCK = 7_305_918_264


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its name within the schema, its text and its checksum."""

    name: str
    text: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


async def migrate_all(settings: Settings) -> list[str]:
    """Bring every schema up to date; the names of what was applied, in order."""
    applied: list[str] = []
    for schema in SCHEMAS:
        conn = await asyncpg.connect(_owner_url(settings, schema), timeout=10)
        try:
            await conn.execute("SELECT pg_advisory_lock($1)", LOCK)
            applied += await _migrate(conn, settings, schema)
        finally:
            await conn.close()
    return applied


def migrations(project: Path, schema: str) -> Iterator[Migration]:
    """The files of a schema in order: what all share first, then its own."""
    common = sorted((project / "shared/platform/migrations").glob("*.sql"))
    if schema == "access":
        common, own = common[:1], project / "shared/platform/migrations/access"
    else:
        own = project / "services" / schema / "migrations"
    yield from (Migration(f"shared/{path.name}", path.read_text()) for path in common)
    yield from (Migration(path.name, path.read_text()) for path in sorted(own.glob("*.sql")))


def _owner_url(settings: Settings, schema: str) -> str:
    url = (settings.overrides or {}).get(f"TENURE_{schema.upper()}_OWNER_DATABASE_URL")
    return url or settings.owner_database_url


async def _migrate(conn: asyncpg.Connection, settings: Settings, schema: str) -> list[str]:
    await _prepare(conn, settings, schema)
    rows = await conn.fetch("SELECT name, checksum FROM migration")
    checksums: dict[str, str] = {row["name"]: row["checksum"] for row in rows}
    applied: list[str] = []
    for migration in migrations(settings.project_dir, schema):
        if migration.name not in checksums:
            await _apply(conn, migration)
            applied.append(f"{schema}/{migration.name}")
        elif checksums[migration.name] != migration.checksum:
            raise Conflict(
                f"migration {schema}/{migration.name} was changed after it was applied: "
                "migrations are only ever added to; restore the file and add a new one"
            )
    await _lock_down(conn, settings, schema)
    return applied


async def _apply(conn: asyncpg.Connection, migration: Migration) -> None:
    async with conn.transaction():
        await conn.execute(migration.text)
        await conn.execute(
            "INSERT INTO migration (name, checksum) VALUES ($1, $2)",
            migration.name,
            migration.checksum,
        )


async def _prepare(conn: asyncpg.Connection, settings: Settings, schema: str) -> None:
    role, password = settings.database_role(schema)
    exists = await conn.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role)
    verb = "ALTER" if exists else "CREATE"
    await conn.execute(
        await _format(conn, verb + " ROLE %I LOGIN NOBYPASSRLS PASSWORD %L", role, password)
    )
    for statement in (
        "CREATE SCHEMA IF NOT EXISTS %1$I",
        "SET search_path = %1$I, pg_temp",
        "GRANT USAGE ON SCHEMA %1$I TO %2$I",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA %1$I"
        " GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %2$I",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA %1$I GRANT USAGE ON SEQUENCES TO %2$I",
        "ALTER ROLE %2$I SET search_path = %1$I, pg_temp",
        "ALTER ROLE %2$I SET idle_in_transaction_session_timeout = '30s'",
    ):
        await conn.execute(await _format(conn, statement, schema, role))
    await conn.execute(
        "CREATE TABLE IF NOT EXISTS migration"
        " (name text PRIMARY KEY, checksum text NOT NULL,"
        " applied_at timestamptz NOT NULL DEFAULT now())"
    )


async def _lock_down(conn: asyncpg.Connection, settings: Settings, schema: str) -> None:
    """Take back what the role must not touch; functions are for their own schema's role."""
    role, _ = settings.database_role(schema)
    for statement in (
        "REVOKE ALL ON migration FROM %2$I",
        "REVOKE EXECUTE ON ALL ROUTINES IN SCHEMA %1$I FROM PUBLIC",
        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA %1$I TO %2$I",
    ):
        await conn.execute(await _format(conn, statement, schema, role))
    if schema != "access":
        await conn.execute(await _format(conn, "REVOKE ALL ON log_head FROM %1$I", role))
        await conn.execute(
            await _format(conn, "REVOKE EXECUTE ON FUNCTION grow_log FROM %1$I", role)
        )


async def _format(conn: asyncpg.Connection, template: str, *names: str) -> str:
    text: str = await conn.fetchval("SELECT format($1, VARIADIC $2::text[])", template, list(names))
    return text

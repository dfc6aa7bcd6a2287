"""A backup of everything an installation keeps: one file, made while it runs or stands."""

import asyncio
import contextlib
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path

from infra.servers import access, postgres
from infra.servers.embedded import start_postgres
from infra.supervising.errors import StartError
from infra.supervising.program import clean_environment
from infra.supervising.status_board import FolderLock
from shared.platform.config import SCHEMAS, Settings
from shared.platform.migrate import migrate_all

DUMP = "database.dump"
RECORD = "mlflow/mlflow.db"
FILES = ("secret", "demo.json", "mlflow/artifacts")
"""What lies in the data folder beside the databases; logs and hints are not kept."""


def back_up(settings: Settings, file: Path) -> None:
    """Write a backup, whole or not at all; what is written meanwhile is in it or is not."""
    demand_embedded(settings)
    draft = file.with_name(f"{file.name}.draft")
    with tempfile.TemporaryDirectory(dir=file.parent) as folder, database(settings):
        dump, record = Path(folder) / DUMP, Path(folder) / "mlflow.db"
        client(
            settings,
            "pg_dump",
            ("--format=custom", f"--file={dump}", postgres.cluster_of(settings).database),
        )
        draft.touch(mode=0o600)
        with tarfile.open(draft, "w") as archive:
            archive.add(dump, DUMP)
            for part in FILES:
                if (settings.data_dir / part).exists():
                    archive.add(settings.data_dir / part, part)
            if (settings.data_dir / RECORD).exists():
                copy_sqlite(settings.data_dir / RECORD, record)
                archive.add(record, RECORD)
    draft.replace(file)


def unpack(file: Path, folder: Path) -> None:
    """Put the files of a backup into an empty data folder; StartError if it is not empty."""
    if any((folder / name).exists() for name in ("postgres", "secret")):
        raise StartError(
            f"{folder} holds an installation; restore into an empty folder (TENURE_DATA_DIR), "
            "or move this one away first."
        )
    try:
        with tarfile.open(file, "r:") as archive:
            if not {"secret", DUMP} <= set(archive.getnames()):
                raise StartError(f"{file} is not a backup that `tenure backup` made.")
            folder.mkdir(parents=True, exist_ok=True)
            archive.extractall(folder, filter="data")
    except (OSError, tarfile.TarError) as error:
        raise StartError(
            f"{file} cannot be read as a backup: {str(error).splitlines()[0]}."
        ) from error


def make_database(settings: Settings) -> None:
    """Make the database from the unpacked backup, bring it up to date, and note where it ended."""
    demand_embedded(settings)
    dump = settings.data_dir / DUMP
    try:
        with database(settings):
            asyncio.run(make_roles(settings))
            name = postgres.cluster_of(settings).database
            options = ("--exit-on-error", "--single-transaction", f"--dbname={name}", str(dump))
            client(settings, "pg_restore", options)
            asyncio.run(record_restore(settings))
    except BaseException:
        postgres.erase(settings)
        raise
    finally:
        dump.unlink(missing_ok=True)


async def make_roles(settings: Settings) -> None:
    """The roles that the dump grants rights to; migrations give them their passwords."""
    async with access.owner(settings) as conn:
        for schema in SCHEMAS:
            await conn.execute(f"CREATE ROLE {settings.database_role(schema)[0]}")


async def record_restore(settings: Settings) -> None:
    """From here on positions of the log are given a second time."""
    await migrate_all(settings)
    async with access.owner(settings) as conn:
        await conn.execute(
            "INSERT INTO access.restore (log_end)"
            " SELECT coalesce(max(position), 0) FROM risk.event_log"
        )


def demand_embedded(settings: Settings) -> None:
    """StartError for a server of one's own, which has backups of its own."""
    if settings.database_url:
        raise StartError(
            "TENURE_DATABASE_URL names a server of your own: back up its database with its own "
            f"tools, and keep {settings.data_dir / 'secret'} with it."
        )


@contextlib.contextmanager
def database(settings: Settings) -> Generator[None]:
    """The database of the installation that runs, or its server for as long as this takes."""
    if (
        postgres.reply(postgres.cluster_of(settings).bin, settings.postgres_port)
        == postgres.ACCEPTS
    ):
        yield
        return
    lock = FolderLock(settings.data_dir)
    try:
        with start_postgres(settings):
            yield
    finally:
        lock.release()


def client(settings: Settings, program: str, arguments: Sequence[str]) -> None:
    """Run a program of PostgreSQL's against the embedded server; StartError with its words."""
    cluster = postgres.cluster_of(settings)
    place = ("--host=127.0.0.1", f"--port={settings.postgres_port}", f"--username={cluster.role}")
    done = subprocess.run(
        [cluster.bin / program, *place, "--no-password", *arguments],
        env=clean_environment() | {"PGPASSWORD": cluster.password},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        words = done.stderr.strip().splitlines() or [f"code {done.returncode}"]
        raise StartError(f"{program} broke off: {words[-1]}")


def copy_sqlite(source: Path, target: Path) -> None:
    """A copy of a database that others may write to meanwhile."""
    with closing(sqlite3.connect(source)) as theirs, closing(sqlite3.connect(target)) as ours:
        theirs.backup(ours)
    shutil.copymode(source, target)

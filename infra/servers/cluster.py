"""A PostgreSQL cluster on the disk: made whole or not at all, and what its last words mean."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from infra.supervising.errors import StartError, unwritable
from infra.supervising.program import Account, clean_environment, run_as

FREE_SPACE_MIB = 200

# What the server says before it gives up, and what to do about it.
MEANINGS = {
    "No space left on device": "The disk of {folder} is full; free some space, "
    "or set TENURE_DATA_DIR to a folder on another disk.",
    "could not bind": "PostgreSQL's port is taken by another program; "
    "set TENURE_PORT so that TENURE_PORT + 10 is free.",
    "database files are incompatible": "The database in {folder} was made by another version of "
    "PostgreSQL; dump it with that version and load it here.",
    "Permission denied": "PostgreSQL may not read and write {folder}; allow it to, "
    "or set TENURE_DATA_DIR to another folder.",
    "could not look up effective user ID": "PostgreSQL needs the account it runs as to have a name "
    "(an entry in /etc/passwd); give it one, start as root, or set TENURE_DATABASE_URL.",
    "Read-only file system": "The disk of {folder} is read-only; "
    "set TENURE_DATA_DIR to a folder on another disk.",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """One PostgreSQL cluster: its data, the binaries for it and the account that owns both."""

    folder: Path
    bin: Path
    account: Account | None
    url: str

    @property
    def role(self) -> str:
        return unquote(urlsplit(self.url).username or "tenure")

    @property
    def password(self) -> str:
        return unquote(urlsplit(self.url).password or "")

    @property
    def database(self) -> str:
        """The database made at first."""
        return urlsplit(self.url).path.lstrip("/")


def make(cluster: Cluster) -> None:
    """Make the cluster and its database beside their place, then move them there in one step."""
    free = shutil.disk_usage(cluster.folder.parent).free >> 20
    if free < FREE_SPACE_MIB:
        raise StartError(
            f"The disk of {cluster.folder} is full: {free} MiB free, {FREE_SPACE_MIB} MiB needed; "
            "free some space, or set TENURE_DATA_DIR to a folder on another disk."
        )
    draft = cluster.folder.with_name("postgres.draft")
    try:
        prepare(draft, cluster)
        initdb(draft, cluster)
        (draft / "data").rename(cluster.folder)
    except OSError as error:
        raise unwritable(cluster.folder.parent, error) from error
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
    """Run initdb, then make the database without a server, so that nobody sees half of it."""
    data = str(draft / "data")
    ask([cluster.bin / "initdb", "-D", data, "-U", cluster.role, "-A", "scram-sha-256",
        f"--pwfile={draft / 'password'}", "-E", "UTF8", "--no-locale",
        "--locale-provider=builtin", "--builtin-locale=C.UTF-8"], cluster)  # fmt: skip
    name = cluster.database.replace('"', '""')
    single = [cluster.bin / "postgres", "--single", "-D", data, "postgres"]
    ask(single, cluster, f'CREATE DATABASE "{name}"\n')


def ask(command: list[str | Path], cluster: Cluster, text: str = "") -> None:
    """Run one of PostgreSQL's programs as its account; say why it failed in one sentence."""
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, check=False,
        cwd="/", env=clean_environment(), **run_as(cluster.account),
    )  # fmt: skip
    lines = (done.stdout + done.stderr).splitlines()
    if done.returncode or any("FATAL" in line or "ERROR" in line for line in lines):
        raise StartError(
            explained(lines, cluster.folder)
            or f"PostgreSQL could not be set up: {' '.join(lines[-3:])}"
        )


def explained(lines: list[str], folder: Path) -> str | None:
    """What PostgreSQL's last words mean, as a sentence; nothing if they are not among the known."""
    text = "\n".join(lines)
    for words, meaning in MEANINGS.items():
        if words in text:
            return meaning.format(folder=folder)
    return None

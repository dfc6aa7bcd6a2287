"""A program to run: its command, who runs it, how one sees that it is ready, how it is stopped."""

import os
import pwd
import re
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from infra.supervising.errors import StartError

UNPRIVILEGED = "nobody"
PASSING = ("lock file", "shared memory block")
WRONG = re.compile(r"^(WARNING|ERROR|CRITICAL)\b")
"""What our own processes write when something is wrong."""


@dataclass(frozen=True, slots=True)
class Account:
    """The operating system's account a program runs as."""

    name: str
    uid: int
    gid: int


class RunAs(TypedDict, total=False):
    """The arguments with which `subprocess` changes the account; empty to stay who we are."""

    user: int
    group: int
    extra_groups: list[int]


class Circumstances(RunAs):
    """Where, with what and as whom `subprocess` runs a program; always in a group of its own."""

    cwd: Path
    env: Mapping[str, str] | None
    start_new_session: bool


@dataclass(frozen=True, slots=True)
class Program:
    """One long-running process and everything needed to start, watch and stop it."""

    name: str
    command: tuple[str, ...]
    ready: Callable[[], bool]
    port: int | None = None
    cwd: Path = Path("/")
    env: Mapping[str, str] | None = None
    account: Account | None = None
    prepare: Callable[[], None] | None = None
    explain: Callable[[list[str]], str | None] | None = None
    alarm: "re.Pattern[str]" = WRONG
    """Which of its lines the person at the terminal should see at once."""
    stop_signal: signal.Signals = signal.SIGTERM
    ready_within_s: float = 60.0
    stop_within_s: float = 10.0
    healthy: Callable[[], bool] | None = None
    """Whether it still answers, once it was ready; asked for as long as it runs."""
    ask_every_s: float = 5.0
    max_misses: int = 5
    """So many missed answers in a row end the process: a busy machine misses one now and then."""

    @property
    def circumstances(self) -> Circumstances:
        """The arguments for `subprocess` beside the command."""
        return {
            "cwd": self.cwd,
            "env": self.env,
            "start_new_session": True,
            **run_as(self.account),
        }

    def why_not(self, lines: list[str]) -> str:
        """Why it does not start, from the last lines it wrote."""
        reason = self.explain(lines) if self.explain else None
        lines = list(dict.fromkeys(lines))  # the same at each try
        return reason or f"{self.name} does not start: {' '.join(lines[-3:]) or 'it says nothing'}"


def is_root() -> bool:
    """Whether we run as root, which PostgreSQL refuses to do."""
    return os.geteuid() == 0


def account_of(uid: int) -> Account:
    """The account with this number, named if the system knows a name for it."""
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return Account(str(uid), uid, uid)
    return Account(entry.pw_name, uid, entry.pw_gid)


def unprivileged() -> Account:
    """The account that runs what root must not run."""
    try:
        return account_of(pwd.getpwnam(UNPRIVILEGED).pw_uid)
    except KeyError:
        return Account(UNPRIVILEGED, 65_534, 65_534)


def run_as(account: Account | None) -> RunAs:
    """Arguments for `subprocess` that change to the account."""
    if account is None or account.uid == os.geteuid():
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def enters(account: Account | None, folder: Path) -> bool:
    """Whether the account can enter the folder, every parent included; tried, not guessed."""
    try:
        subprocess.run(["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)],
            cwd="/", check=True, capture_output=True, **run_as(account))  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def demand_free(host: str, ports: Mapping[int, str]) -> None:
    """Refuse when another program listens on one of the ports, given with what they are for."""
    for port, purpose in ports.items():
        if port_taken(host, port):
            raise StartError(
                f"Port {port} ({purpose}) is taken by another program; stop that program, or set "
                "TENURE_PORT to another number (TENURE_PORT to TENURE_PORT + 11 are used)."
            )


def port_taken(host: str, port: int) -> bool:
    """Whether another program listens on the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def will_pass(lines: list[str]) -> bool:
    """Whether starting again is the cure: a killed server leaves these behind for a moment."""
    return any(words in line for line in lines for words in PASSING)


def last_lines(path: Path, max_lines: int = 8, *, max_bytes: int = 16_384) -> list[str]:
    """The newest lines of a log, oldest first; none if it does not exist."""
    if not path.exists():
        return []
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - max_bytes))
        return log.read().decode(errors="replace").splitlines()[-max_lines:]


def clean_environment() -> dict[str, str]:
    """Our environment without what would steer PostgreSQL or show it our secrets."""
    return {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PG", "TENURE_", "LC_", "LANG"))
    }

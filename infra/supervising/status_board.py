"""Who runs on a data folder, and what of it is up: a lock, and a file for `tenure status`."""

import contextlib
import fcntl
import json
import os
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from infra.supervising.errors import StartError, unwritable
from infra.supervising.files import write_whole

LOCK = "tenure.lock"
STATE = "state.json"
PATIENCE_S = 15.0


@dataclass(slots=True)
class Line:
    """What is known of one program."""

    name: str
    port: int | None
    status: str = "waiting"
    pid: int | None = None
    created: float | None = None
    stop_signal: int = signal.SIGTERM
    restarts: int = 0


class FolderLock:
    """Held as long as a supervisor, or the watchdog that clears up after it, is alive."""

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.fd = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise unwritable(folder, error) from error
        self._take(folder)
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let the next one in."""
        os.close(self.fd)

    def _take(self, folder: Path) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not self._lock():
            holder = self._holder()
            if psutil.pid_exists(holder) or time.monotonic() > deadline:
                os.close(self.fd)
                raise StartError(
                    f"Tenure already runs on {folder} (process {holder}): stop it with Ctrl-C or "
                    f"`kill {holder}`, or set TENURE_DATA_DIR and TENURE_PORT for a second one."
                )
            time.sleep(0.1)

    def _lock(self) -> bool:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False

    def _holder(self) -> int:
        text = os.pread(self.fd, 32, 0).decode()
        return int(text) if text.isdigit() else 0


class StatusBoard:
    """The state of every program, written to a file whenever it changes."""

    def __init__(self, folder: Path, address: str) -> None:
        self._path = folder / STATE
        self._address = address
        self._phase = "starting"
        self.lines: dict[str, Line] = {}

    def phase(self, name: str) -> None:
        """What the whole is doing now."""
        self._phase = name
        self.write()

    def write(self) -> None:
        """Write the file anew, in one step; a full disk must not end what runs."""
        state = {
            "pid": os.getpid(),
            "created": born(os.getpid()),
            "address": self._address,
            "phase": self._phase,
            "programs": [asdict(line) for line in self.lines.values()],
        }
        with contextlib.suppress(OSError):
            write_whole(self._path, json.dumps(state, indent=1).encode())

    def clear(self) -> None:
        """Nothing runs any more."""
        self._path.unlink(missing_ok=True)


def state_of(folder: Path) -> dict[str, Any]:
    """What the newest supervisor of the folder wrote; empty if none did."""
    try:
        state: dict[str, Any] = json.loads((folder / STATE).read_text())
    except (OSError, ValueError):
        return {}
    return state


def born(pid: int) -> float | None:
    """When the process began, so that its number cannot be taken for another's; None if gone."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return None


def alive(pid: int | None, created: float | None) -> bool:
    """Whether this very process still runs."""
    if pid is None or created is None:
        return False
    now = born(pid)
    return now is not None and abs(now - created) < 1


def end_leftovers(folder: Path) -> list[str]:
    """End what a killed supervisor and a killed watchdog left behind; the names of what was."""
    programs = [Line(**line) for line in state_of(folder).get("programs", [])]
    left = {line.name: line for line in programs if alive(line.pid, line.created)}
    processes = [psutil.Process(line.pid) for line in left.values()]
    for process, line in zip(processes, left.values(), strict=True):
        process.send_signal(line.stop_signal)
    _, stubborn = psutil.wait_procs(processes, timeout=PATIENCE_S)
    for process in stubborn:
        process.kill()
    psutil.wait_procs(stubborn, timeout=PATIENCE_S)
    (folder / STATE).unlink(missing_ok=True)
    return list(left)

"""The embedded servers for a test or a script: started and stopped here, gone when we are."""

import atexit
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Self

import stamina

from infra.servers import postgres, valkey
from infra.supervising.errors import StartError
from infra.supervising.guard import Guard
from infra.supervising.program import Program, demand_free, last_lines, will_pass
from shared.platform.config import Settings

RETRY_WITHIN_S = 60.0


class Running:
    """A server that runs until `stop`, or as long as this process."""

    def __init__(
        self, program: Program, dsn: str, log: Path, erase: Callable[[], None] | None = None
    ) -> None:
        self.program = program
        self.dsn = dsn
        self._log = log
        self._erase = erase
        self._process = self._started()

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> None:
        """Stop the server and wait for its end; remove its data if it was not to be kept."""
        if self._process.poll() is None:
            self._process.send_signal(self.program.stop_signal)
            try:
                self._process.wait(self.program.stop_within_s)
            except subprocess.TimeoutExpired:
                os.killpg(self.pid, signal.SIGKILL)
                self._process.wait()
        _guard().forget(self.pid)
        if self._erase:
            self._erase()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _started(self) -> "subprocess.Popen[bytes]":
        if self.program.port:
            demand_free("127.0.0.1", {self.program.port: self.program.name})
        if self.program.prepare:
            self.program.prepare()
        retries = stamina.RetryingCaller(
            attempts=None, timeout=RETRY_WITHIN_S, wait_initial=0.2, wait_max=0.2, wait_jitter=0
        )
        return retries(self._will_pass, self._try)

    def _try(self) -> "subprocess.Popen[bytes]":
        process = self._spawned()
        if not self._became_ready(process):
            raise StartError(self.program.why_not(last_lines(self._log)))
        return process

    def _will_pass(self, error: Exception) -> bool:
        return isinstance(error, StartError) and will_pass(last_lines(self._log))

    def _spawned(self) -> "subprocess.Popen[bytes]":
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                self.program.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **self.program.circumstances,
            )
        _guard().watch(process.pid, self.program.stop_signal)
        return process

    def _became_ready(self, process: "subprocess.Popen[bytes]") -> bool:
        deadline = time.monotonic() + self.program.ready_within_s
        while time.monotonic() < deadline and process.poll() is None:
            if self.program.ready():
                return True
            time.sleep(0.05)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        _guard().forget(process.pid)
        return False


def start_postgres(settings: Settings, *, durable: bool = True, keep: bool = True) -> Running:
    """The embedded PostgreSQL, ready; without `keep` its data is removed at the end."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    program = postgres.program(settings, durable=durable)
    log = settings.data_dir / "logs" / "postgres.log"
    erase = None if keep else lambda: postgres.erase(settings)
    return Running(program, settings.owner_database_url, log, erase)


def start_valkey(settings: Settings, *, keep: bool = True) -> Running:
    """The embedded Valkey, ready; without `keep` its data is removed at the end."""
    folder = settings.data_dir / "valkey"
    log = settings.data_dir / "logs" / "valkey.log"
    erase = None if keep else lambda: shutil.rmtree(folder, ignore_errors=True)
    return Running(valkey.program(settings), settings.redis_dsn, log, erase)


@cache
def _guard() -> Guard:
    guard = Guard()
    atexit.register(guard.close)
    return guard

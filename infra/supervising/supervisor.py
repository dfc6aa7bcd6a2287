"""Runs programs in order, starts again what dies, stops everything in reverse."""

import asyncio
import contextlib
import os
import signal
import time
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Callable, Sequence
from pathlib import Path

from infra.supervising.backoff import Backoff
from infra.supervising.errors import StartError
from infra.supervising.guard import Guard
from infra.supervising.journal import Journal
from infra.supervising.program import Program, will_pass
from infra.supervising.status_board import Line, StatusBoard, born
from infra.supervising.terminal import Terminal

FIRST_TRIES = 3
PROBE_EVERY_S = 0.1
LAST_WORDS_S = 1.0


class Supervised:
    """One program: its current process, and the task that keeps it running."""

    def __init__(self, program: Program, owner: "Supervisor") -> None:
        self.program = program
        self.line = Line(program.name, program.port, stop_signal=program.stop_signal)
        owner.board.lines[program.name] = self.line
        self._owner = owner
        self._journal = Journal(program.name, owner.logs, owner.terminal, program.alarm)
        self._first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._leaving = asyncio.Event()
        self._process: Process | None = None
        self._hush: Callable[[], None] | None = None
        self._silent = asyncio.Event()
        self._task = asyncio.create_task(self._keep_running())

    async def ready(self) -> None:
        """Wait until the program is ready for the first time; StartError if it never will be."""
        await asyncio.shield(self._first)

    async def stop(self) -> None:
        """Ask the process to stop, end it by force when it takes too long, and stop watching."""
        self._leaving.set()
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(self.program.stop_signal)
        done, _ = await asyncio.wait({self._task}, timeout=self.program.stop_within_s)
        if not done:
            self.kill()
            await asyncio.wait({self._task}, timeout=5)
        await self._fall_silent()
        if self._first.done() and not self._first.cancelled():
            self._first.exception()  # seen, so that asyncio does not complain of it
        self._show("stopped")

    async def _fall_silent(self) -> None:
        """Take the last words, which come after the end; no heir is waited for."""
        if self._hush is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_S):
                await self._silent.wait()
        if self._hush is not None:
            self._hush()

    def kill(self) -> None:
        """End the process and all it started, now."""
        self._leaving.set()
        if self._process is not None and self._process.returncode is None:
            _kill_group(self._process.pid)

    async def _keep_running(self) -> None:
        backoff = Backoff()
        while not self._leaving.is_set():
            began = time.monotonic()
            why = await self._life()
            if self._leaving.is_set():
                break
            if self._gives_up(why, backoff.failures + 1):
                return
            delay_s = backoff.after(time.monotonic() - began)
            self._say(f"{why}; starts again in {delay_s:.1f} s; {self._last_words()}")
            self.line.restarts += 1
            self._show("down")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay_s):
                    await self._leaving.wait()
        if not self._first.done():
            self._first.cancel()

    def _gives_up(self, why: str, tries: int) -> bool:
        """Whether a program that was never ready is hopeless; one that was is never given up."""
        words = list(self._journal.recent)
        if self._first.done() or (will_pass(words) and tries < 10 * FIRST_TRIES):
            return False
        reason = self.program.explain(words) if self.program.explain else None
        if reason is None and tries < FIRST_TRIES:
            return False
        self._show("failed")
        self._first.set_exception(StartError(reason or f"{self.program.why_not(words)} ({why})"))
        return True

    async def _life(self) -> str:
        """From start to end of one process; why it ended."""
        self._show("starting")
        try:
            process = await self._spawned()
        except (StartError, OSError) as error:
            self._journal.recent.append(str(error))
            return str(error)
        probe = asyncio.create_task(self._watch(process))
        code = await process.wait()
        probe.cancel()
        _kill_group(process.pid)
        self._owner.guard.forget(process.pid)
        return f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"

    async def _spawned(self) -> Process:
        if self.program.prepare:
            await asyncio.to_thread(self.program.prepare)
        source, sink = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *self.program.command,
                stdin=DEVNULL,
                stdout=sink,
                stderr=STDOUT,
                **self.program.circumstances,
            )
        except BaseException:
            os.close(source)
            raise
        finally:
            os.close(sink)
        self._process = process
        self._listen(source)
        self._owner.guard.watch(process.pid, self.program.stop_signal)
        self.line.pid, self.line.created = process.pid, born(process.pid)
        self._show("starting")
        if self._leaving.is_set():
            process.send_signal(self.program.stop_signal)
        return process

    def _listen(self, source: int) -> None:
        """Pass on what is written to a pipe, until every writer has closed it.

        Not asyncio's own pipe: with that one, waiting for a process waits for its heirs as well.
        """
        loop = asyncio.get_running_loop()
        os.set_blocking(source, False)

        def hush() -> None:
            loop.remove_reader(source)
            os.close(source)
            if self._hush is hush:  # else the next process speaks already
                self._journal.end()
                self._hush = None
                self._silent.set()

        def read() -> None:
            part = os.read(source, 65_536)
            if part:
                self._journal.take(part)
            else:
                hush()

        self._silent.clear()
        self._hush = hush
        loop.add_reader(source, read)

    async def _watch(self, process: Process) -> None:
        """End the process when it never becomes ready, or answers no more."""
        why = await self._announce() or await self._until_silent()
        self._say(why)
        _kill_group(process.pid)

    async def _announce(self) -> str | None:
        """Say when the process is ready; else why it is ended."""
        began = time.monotonic()
        while time.monotonic() < began + self.program.ready_within_s:
            if await asyncio.to_thread(self.program.ready):
                self._show("up")
                if self.line.restarts:
                    self._say(f"up again after {time.monotonic() - began:.1f} s")
                if not self._first.done():
                    self._first.set_result(None)
                return None
            await asyncio.sleep(PROBE_EVERY_S)
        return f"not ready within {self.program.ready_within_s:g} s"

    async def _until_silent(self) -> str:
        """Ask now and then whether the process answers, until it misses too many in a row."""
        misses = 0
        while misses < self.program.max_misses:
            await asyncio.sleep(self.program.ask_every_s)
            misses = 0 if await self._answers() else misses + 1
            status = "silent" if misses > 1 else "up"
            if status != self.line.status:
                self._show(status)
        return f"did not answer {misses} times in a row; it is ended"

    async def _answers(self) -> bool:
        if self.program.healthy is None:
            return True
        try:
            return await asyncio.to_thread(self.program.healthy)
        except OSError:  # it is we who cannot ask
            return True

    def _last_words(self) -> str:
        last = self._journal.recent[-1][:200] if self._journal.recent else "nothing"
        return f"its last words: {last}; `tenure logs {self.program.name}` shows more"

    def _say(self, text: str) -> None:
        self._owner.terminal.say(f"tenure: {self.program.name} {text}")

    def _show(self, status: str) -> None:
        self.line.status = status
        if status in ("stopped", "down", "failed"):
            self.line.pid = self.line.created = None
        self._owner.board.write()


class Supervisor:
    """Everything that runs, in the order in which it was started."""

    def __init__(self, logs: Path, terminal: Terminal, guard: Guard, board: StatusBoard) -> None:
        self.logs = logs
        self.terminal = terminal
        self.guard = guard
        self.board = board
        self._stages: list[list[Supervised]] = []

    async def start(self, programs: Sequence[Program]) -> None:
        """Start the programs side by side and wait until each is ready."""
        stage = [Supervised(program, self) for program in programs]
        self._stages.append(stage)
        await asyncio.gather(*(supervised.ready() for supervised in stage))

    async def stop(self) -> None:
        """Stop what was started last first: who asks goes before who answers."""
        for stage in reversed(self._stages):
            for supervised in reversed(stage):
                await supervised.stop()

    def kill(self) -> None:
        """End everything now."""
        for stage in reversed(self._stages):
            for supervised in stage:
                supervised.kill()


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)

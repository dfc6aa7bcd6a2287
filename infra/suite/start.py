"""From nothing to ready, and back: what `tenure up` does."""

import asyncio
import contextlib
import shlex
import signal
import sys
from asyncio.subprocess import Process

from infra.servers import access, external, postgres, valkey
from infra.suite import programs
from infra.suite.demo import SIMULATED, TELCO, Demo, Progress, Step
from infra.suite.phases import Phases
from infra.suite.scoring import wait_for_scores
from infra.suite.settle import settled
from infra.suite.status_table import show
from infra.suite.takeover import take_over
from infra.suite.welcome import welcome
from infra.supervising.errors import StartError
from infra.supervising.guard import Guard
from infra.supervising.program import Program, demand_free
from infra.supervising.status_board import FolderLock, StatusBoard, end_leftovers
from infra.supervising.supervisor import Supervisor
from infra.supervising.terminal import Terminal
from shared.platform.config import Settings, reachable
from shared.platform.migrate import migrate_all

STARTS = 4
"""Phases of every start: servers, migrations, services, gateway and workers."""


async def up(settings: Settings, demo: Demo | None, terminal: Terminal) -> None:
    """Run everything until we are told to stop; StartError if it cannot start."""
    lock = FolderLock(settings.data_dir)
    try:
        await asyncio.to_thread(end_leftovers, settings.data_dir)
        guard = Guard(keep_open=(lock.fd,))
        try:
            await _supervised(Whole(settings, demo, terminal, guard))
        finally:
            guard.close()
    finally:
        lock.release()


async def _supervised(whole: "Whole") -> None:
    """Run until a signal comes; a second one ends everything at once."""
    running = asyncio.create_task(whole.run())
    stopping = asyncio.Event()

    def stop() -> None:
        if stopping.is_set():
            whole.supervisor.kill()
        stopping.set()
        running.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            asyncio.get_running_loop().add_signal_handler(number, stop)
    try:
        await running
    except asyncio.CancelledError:
        if not stopping.is_set():
            raise
    finally:
        await whole.stop()


class Whole:
    """Everything that belongs to one `tenure up`."""

    def __init__(
        self, settings: Settings, demo: Demo | None, terminal: Terminal, guard: Guard
    ) -> None:
        self.settings = settings
        self.address = f"http://{reachable(settings.host)}:{settings.port}"
        self.board = StatusBoard(settings.data_dir, self.address)
        self.phases = Phases(terminal, self.board)
        self.progress = Progress.of(settings)
        self.logs = settings.data_dir / "logs"
        self.logs.mkdir(mode=0o700, exist_ok=True)
        self.supervisor = Supervisor(self.logs, terminal, guard, self.board)
        self._demo = demo
        self._missing: list[str] = []
        self._terminal = terminal
        self._guard = guard

    async def run(self) -> None:
        """Start, fill, say what is there, and wait until cancelled."""
        left = self._left()
        self.phases.total = STARTS + (len(left) + any(not s.loads for s in left) + 1 if left else 0)
        await self._start()
        await self._fill()
        self._welcome()
        await asyncio.Event().wait()

    async def stop(self) -> None:
        """Stop everything in reverse order."""
        if not self.board.lines:
            return
        self._terminal.say("tenure: stopping …")
        await self.supervisor.stop()
        self.board.clear()
        self._terminal.say("tenure: stopped; the data stay for the next start")

    async def _start(self) -> None:
        settings, start, phase = self.settings, self.supervisor.start, self.phases.phase
        everything = [*programs.services(settings), programs.gateway(settings)]
        everything += programs.workers(settings)
        servers = await asyncio.to_thread(embedded, settings)
        for program in (*servers, *everything):
            demand_free(programs.host_of(settings, program.port), {program.port or 0: program.name})
        with phase("servers"):
            await external.check(settings)
            await start(servers)
        with phase("migrations"):
            await migrate_all(settings)
            await take_over(settings)
            await self._keys()
        with phase("services"):
            await start(programs.services(settings))
        with phase("gateway and workers"):
            await start([programs.gateway(settings), *programs.workers(settings)])

    async def _keys(self) -> None:
        """Give each tenant of ours a key, kept until it could be shown."""
        tenants = [SIMULATED, TELCO] if self._demo else [access.DEVELOPMENT]
        unfinished = bool(self._left())
        async with access.owner(self.settings) as conn:
            for tenant in tenants:
                again = unfinished and tenant not in self.progress.unseen_keys
                key = await access.development_key(conn, tenant, again=again)
                if key:
                    self.progress.unseen_keys[tenant] = key
                    self.progress.write()

    def _left(self) -> list[Step]:
        steps = self._demo.steps(self.settings, self.progress.until) if self._demo else []
        return [step for step in steps if step.name not in self.progress.done]

    async def _fill(self) -> None:
        """Load and train what is not there yet, then wait for the scores."""
        left = self._left()
        unsettled = bool(left)
        for step in left:
            if unsettled and not step.loads:
                with self.phases.phase("settling"):
                    await settled(self.settings, self._terminal)
                unsettled = False
            await self._take(step)
        if left:
            with self.phases.phase("scores"):
                await wait_for_scores(self.settings, self._terminal, self.logs / "risk-worker.log")

    async def _take(self, step: Step) -> None:
        """Take a step. Without data there is no demo; a forecast is tried once more, and missed."""
        for again in ("",) if step.loads else ("", ", again"):
            with self.phases.phase(f"{step.name}{again}", draws=True):
                code = await self._carry_out(step)
            if code == 0:
                self.progress.done.append(step.name)
                self.progress.write()
                return
            command = shlex.join(("tenure", *step.arguments))
            reason = f"`{command}` for '{step.tenant}' ended with code {code}; its words are above."
            if step.loads:
                raise StartError(reason)
            self._terminal.say(f"tenure: {reason}")
        self._missing.append(step.tenant)

    async def _carry_out(self, step: Step) -> int:
        """Run one of our commands with its progress on the terminal; the logs wait meanwhile."""
        self._terminal.muted = self._terminal.is_terminal
        env = programs.environment(self.settings)
        env |= {"TENURE_URL": self.address, "TENURE_KEY": self.progress.unseen_keys[step.tenant]}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "infra.cli", *step.arguments, env=env, start_new_session=True
        )
        self._guard.watch(process.pid, signal.SIGTERM)
        try:
            return await process.wait()
        except asyncio.CancelledError:
            await ended(process)
            raise
        finally:
            self._guard.forget(process.pid)
            self._terminal.muted = False

    def _welcome(self) -> None:
        """Say whether everything is ready, where, and what to ask first; then forget the keys."""
        show(list(self.board.lines.values()), self._terminal)
        state, took = "ready", f"after {self.phases.total_s:.1f} s at {self.address}"
        if self._missing:
            state = f"not ready: no forecast for {' and '.join(self._missing)}"
            self._terminal.say(f"Tenure is up {took}, but {state}. The next start tries again.")
        else:
            self._terminal.say(f"Tenure is ready {took}")
        for line in welcome(self.address, self.progress.unseen_keys):
            self._terminal.plain(line)
        self.progress.unseen_keys = {}
        self.progress.write()
        self.board.phase(state)


def embedded(settings: Settings) -> list[Program]:
    """The servers that no setting names and that we therefore run ourselves."""
    servers: list[Program] = []
    if not settings.database_url:
        servers.append(postgres.program(settings))
    if not settings.redis_url:
        servers.append(valkey.program(settings))
    return servers


async def ended(process: Process, within_s: float = 5.0) -> None:
    """Ask a process to end; end it by force if it does not."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
        try:
            async with asyncio.timeout(within_s):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

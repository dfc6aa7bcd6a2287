"""The supervisor: what dies comes back, what stops stops in order, nothing outlives it."""

import asyncio
import io
import json
import os
import signal
import sys
import time
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from infra.supervising.errors import StartError
from infra.supervising.guard import Guard
from infra.supervising.program import Program
from infra.supervising.status_board import StatusBoard, state_of
from infra.supervising.supervisor import Supervisor
from infra.supervising.terminal import Terminal

# A process that says it is ready by a file, notes its end in another, and has a child of its own.
WORKS = """
import pathlib, signal, subprocess, sys, time
name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
child = subprocess.Popen(["sleep", "300"])
def end(*_):
    with (folder / "ends").open("a") as ends: ends.write(name + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
(folder / name).write_text(str(child.pid))
print("works", flush=True)
while True: time.sleep(60)
"""
STUBBORN = WORKS.replace("sys.exit(0)", "pass")


def program(folder: Path, name: str, text: str = WORKS, **changed: Any) -> Program:
    settings: dict[str, Any] = {
        "name": name,
        "command": (sys.executable, "-c", text, name, str(folder)),
        "ready": (folder / name).exists,
        "prepare": lambda: (folder / name).unlink(missing_ok=True),
        "ready_within_s": 10.0,
        "stop_within_s": 5.0,
    }
    return Program(**(settings | changed))


class Watched(Supervisor):
    """A supervisor whose screen can be read."""

    def __init__(self, folder: Path) -> None:
        self.words = io.StringIO()
        super().__init__(folder, Terminal(self.words), Guard(), StatusBoard(folder, "here"))

    def pid(self, name: str) -> int:
        return self.board.lines[name].pid or 0


@pytest.fixture
async def supervisor(tmp_path: Path) -> AsyncIterator[Watched]:
    started = Watched(tmp_path)
    yield started
    await started.stop()
    started.guard.close()


async def until(true: Callable[[], bool], within_s: float = 30) -> None:
    for _ in range(int(within_s / 0.02)):
        if true():
            return
        await asyncio.sleep(0.02)
    raise TimeoutError


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def test_stages_start_in_order_and_stop_in_reverse(supervisor: Watched, tmp_path: Path):
    await supervisor.start([program(tmp_path, "database")])
    await supervisor.start([program(tmp_path, "service"), program(tmp_path, "other")])
    await supervisor.start([program(tmp_path, "worker")])
    assert {line.status for line in supervisor.board.lines.values()} == {"up"}
    children = [int((tmp_path / name).read_text()) for name in supervisor.board.lines]

    await supervisor.stop()

    ends = (tmp_path / "ends").read_text().split()
    assert (ends[0], set(ends[1:3]), ends[3]) == ("worker", {"service", "other"}, "database")
    await until(lambda: all(is_gone(child) for child in children))


async def test_what_is_killed_comes_back_and_is_counted(supervisor: Watched, tmp_path: Path):
    await supervisor.start([program(tmp_path, "service")])
    first = supervisor.pid("service")
    line = supervisor.board.lines["service"]
    os.kill(first, signal.SIGKILL)

    await until(lambda: line.restarts == 1 and line.status == "up")

    assert supervisor.pid("service") != first
    assert "ended by SIGKILL; starts again in" in supervisor.words.getvalue()
    assert state_of(tmp_path)["programs"][0]["restarts"] == 1


async def test_what_never_becomes_ready_is_given_up_with_its_own_words(
    supervisor: Watched, tmp_path: Path
):
    dies = "raise SystemExit('the plan is missing')"
    with pytest.raises(StartError, match=r"service does not start.*the plan is missing.*code 1"):
        await supervisor.start([program(tmp_path, "service", dies)])
    assert supervisor.board.lines["service"].status == "failed"


async def test_what_is_known_to_be_hopeless_is_given_up_at_once(
    supervisor: Watched, tmp_path: Path
):
    dies = "raise SystemExit('No space left on device')"
    hopeless = program(tmp_path, "service", dies, explain=lambda _output: "The disk is full.")
    with pytest.raises(StartError, match=r"^The disk is full\.$"):
        await supervisor.start([hopeless])
    assert supervisor.board.lines["service"].restarts == 0


async def test_what_hangs_while_starting_is_ended_and_tried_again(
    supervisor: Watched, tmp_path: Path
):
    hangs = program(tmp_path, "service", "import time; time.sleep(60)", ready_within_s=0.3)
    with pytest.raises(StartError, match="ended by SIGKILL"):
        await supervisor.start([hangs])


async def test_what_does_not_want_to_stop_is_ended_by_force(supervisor: Watched, tmp_path: Path):
    await supervisor.start([program(tmp_path, "service", STUBBORN, stop_within_s=0.3)])
    pids = [supervisor.pid("service"), int((tmp_path / "service").read_text())]
    began = time.monotonic()
    await supervisor.stop()
    assert time.monotonic() - began < 3
    await until(lambda: all(is_gone(pid) for pid in pids))


async def test_words_go_to_a_log_of_each_program_and_only_what_is_wrong_to_the_terminal(
    supervisor: Watched, tmp_path: Path
):
    text = WORKS.replace('print("works"', 'print("works\\nWARNING no hints"')
    await supervisor.start([program(tmp_path, "service", text)])
    await until((tmp_path / "service.log").exists)
    assert (tmp_path / "service.log").read_text() == "works\nWARNING no hints\n"
    assert supervisor.words.getvalue() == "service         | WARNING no hints\n"


async def test_the_watchdog_is_replaced_when_it_is_killed(supervisor: Watched, tmp_path: Path):
    await supervisor.start([program(tmp_path, "service")])
    for child in psutil.Process().children():
        if any(word.endswith("watchdog.py") for word in child.cmdline()):
            child.kill()
            child.wait()
    await supervisor.start([program(tmp_path, "other")])
    watched = [c for c in psutil.Process().children() if "watchdog.py" in " ".join(c.cmdline())]
    assert len(watched) == 1


KILLED = """
import asyncio, pathlib, sys
from infra.supervising.guard import Guard
from infra.supervising.status_board import StatusBoard, FolderLock
from infra.supervising.supervisor import Supervisor
from infra.supervising.terminal import Terminal
from tests.infra.supervising.test_supervisor import STUBBORN, program

async def main():
    folder = pathlib.Path(sys.argv[1])
    lock = FolderLock(folder)
    supervisor = Supervisor(folder, Terminal(), Guard((lock.fd,)), StatusBoard(folder, "here"))
    await supervisor.start([program(folder, "service"), program(folder, "other")])
    print("all up", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_nothing_outlives_a_supervisor_that_was_killed(tmp_path: Path):
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, str(tmp_path), stdout=DEVNULL
    )
    await until(lambda: {p["status"] for p in state_of(tmp_path).get("programs", [])} == {"up"})
    state = json.loads((tmp_path / "state.json").read_text())
    pids = [line["pid"] for line in state["programs"]]
    pids += [int((tmp_path / name).read_text()) for name in ("service", "other")]
    supervisor.kill()
    await supervisor.wait()
    await until(lambda: all(is_gone(pid) for pid in pids))


async def test_the_last_words_are_kept_and_the_log_is_closed_when_stop_returns(
    supervisor: Watched, tmp_path: Path
):
    talks = WORKS.replace(
        "sys.exit(0)", 'print("x" * 200_000 + "last words", flush=True); sys.exit(0)'
    )
    await supervisor.start([program(tmp_path, "service", talks)])
    await supervisor.stop()
    assert (tmp_path / "service.log").read_text().endswith("last words\n")
    open_files = [file.path for file in psutil.Process().open_files()]
    assert str(tmp_path / "service.log") not in open_files

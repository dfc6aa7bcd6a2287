"""What hangs is ended and comes back; what is only slow is left alone."""

import os
import signal
import socket
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from infra.suite.programs import page
from infra.supervising.program import Program
from tests.conftest import free_port
from tests.infra.supervising.test_supervisor import Watched, program, until

# Answers each question so many seconds later as the next word of a file says, or not at all.
ANSWERS = """
import http.server, pathlib, sys, time
folder, port = pathlib.Path(sys.argv[2]), int(sys.argv[3])
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        pauses = (folder / "pauses").read_text().split()
        questions = int((folder / "questions").read_text())
        (folder / "questions").write_text(str(questions + 1))
        time.sleep(float(pauses[questions % len(pauses)]))
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", port), Page).serve_forever()
"""
PATIENCE_S = 0.3


@pytest.fixture
async def supervisor(tmp_path: Path) -> AsyncIterator[Watched]:
    started = Watched(tmp_path)
    yield started
    await started.stop()
    started.guard.close()


def answering(folder: Path, pauses: str) -> Program:
    """A program whose page is asked for ten times a second."""
    (folder / "pauses").write_text(pauses)
    (folder / "questions").write_text("0")
    port = free_port()
    command = program(folder, "service", ANSWERS).command
    changed: dict[str, Any] = {
        "command": (*command, str(port)),
        "ready": partial(_listens, port),
        "healthy": partial(_answers, port),
        "ask_every_s": 0.1,
        "max_misses": 3,
        "prepare": None,
    }
    return program(folder, "service", ANSWERS, **changed)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _answers(port: int) -> bool:
    return page("127.0.0.1", port, "/healthz", timeout_s=PATIENCE_S)[0] == 200


async def test_a_stopped_process_is_ended_and_comes_back(
    supervisor: Watched, tmp_path: Path
) -> None:
    await supervisor.start([answering(tmp_path, "0")])
    first, line = supervisor.pid("service"), supervisor.board.lines["service"]
    os.kill(first, signal.SIGSTOP)

    await until(lambda: line.status == "silent", 5)
    await until(lambda: line.restarts == 1 and line.status == "up", 10)

    assert supervisor.pid("service") != first
    assert not psutil.pid_exists(first)
    assert "did not answer 3 times in a row; it is ended" in supervisor.words.getvalue()


@pytest.mark.parametrize("pauses", ["0.2", "0.5 0.5 0"], ids=["slow", "now and then too slow"])
async def test_what_answers_slowly_is_left_alone(
    supervisor: Watched, tmp_path: Path, pauses: str
) -> None:
    await supervisor.start([answering(tmp_path, pauses)])
    first, line = supervisor.pid("service"), supervisor.board.lines["service"]

    questions = tmp_path / "questions"
    await until(lambda: int(questions.read_text() or 0) >= 12, 20)

    assert (supervisor.pid("service"), line.restarts) == (first, 0)

"""The whole, really started: found by its status, restarted, killed, stopped, started again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from infra.supervising.status_board import state_of
from shared.platform.config import Settings

pytestmark = pytest.mark.stack


class Whole:
    """A running `tenure up` and what it said."""

    def __init__(self, settings: Settings, output: Path) -> None:
        self.settings = settings
        self.env = {
            **os.environ,
            "TENURE_PORT": str(settings.port),
            "TENURE_DATA_DIR": str(settings.data_dir),
            "TENURE_SECRET": settings.secret.decode(),
        }
        self._output = output
        with output.open("w") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "infra.cli", "up", "--no-demo"],
                env=self.env,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self._output.read_text()

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "infra.cli", *arguments],
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )

    def pids(self) -> dict[str, int]:
        return {p["name"]: p["pid"] for p in state_of(self.settings.data_dir).get("programs", [])}

    def all_up(self) -> bool:
        state = state_of(self.settings.data_dir)
        up = all(p["status"] == "up" for p in state.get("programs", []))
        ours = state.get("pid") == self.process.pid
        return ours and up and state["phase"] == "ready"


def until(true: Callable[[], bool], within_s: float = 120) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def end(whole: Whole, number: signal.Signals) -> None:
    family = [*psutil.Process(whole.process.pid).children(recursive=True)]
    whole.process.send_signal(number)
    whole.process.wait(60)
    _, alive = psutil.wait_procs(family, timeout=30)
    assert not alive


@pytest.fixture
def start(settings: Settings, tmp_path: Path) -> Iterator[Callable[[], Whole]]:
    started: list[Whole] = []

    def start() -> Whole:
        started.append(Whole(settings, tmp_path / f"said-{len(started)}"))
        until(lambda: started[-1].all_up() or started[-1].process.poll() is not None)
        assert started[-1].all_up(), started[-1].output
        return started[-1]

    yield start
    for whole in started:
        if whole.process.poll() is None:
            end(whole, signal.SIGTERM)


async def test_from_the_first_start_to_the_last(start: Callable[[], Whole], settings: Settings):
    first = start()
    assert "shown this once: tnr_" in first.output
    assert first.run("status").returncode == 0
    assert first.run("keys", "create", "--tenant", "development").stdout.startswith("tnr_")

    killed = first.pids()
    for name in ("usage", "postgres"):
        os.kill(killed[name], signal.SIGKILL)
    until(lambda: first.all_up() and first.pids().items().isdisjoint({("usage", killed["usage"])}))
    until(first.all_up)
    conn = await asyncpg.connect(settings.owner_database_url)
    assert await conn.fetchval("SELECT count(*) FROM access.api_key") == 2
    await conn.close()
    end(first, signal.SIGKILL)

    second = start()
    assert "shown this once" not in second.output
    assert second.run("keys", "list").stdout.count("valid") == 2
    end(second, signal.SIGINT)
    assert second.process.returncode == 0
    assert second.run("status").returncode == 3

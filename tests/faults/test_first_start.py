"""A first start that dies while it trains comes back to what it broke off."""

import json
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from infra.servers import postgres
from shared.platform.config import Settings
from tests.conftest import for_test
from tests.journeys.processes import Stack, client, until, up

READY_S = 240


def phase(folder: Path) -> str:
    """What the start does now."""
    path = folder / "state.json"
    return json.loads(path.read_text())["phase"] if path.exists() else ""


@contextmanager
def started(settings: Settings, log: Path) -> Generator["subprocess.Popen[bytes]"]:
    """`tenure up` with a small demo, ended at the end."""
    process = up(settings, log, "--companies", "120")
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(60)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """Without warning, and wait for the end of all that it started."""
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    psutil.wait_procs(family, timeout=30)


@pytest.mark.long
@pytest.mark.stack
async def test_a_first_start_killed_within_its_training_is_ready_with_a_model_on_the_next(
    tmp_path: Path,
) -> None:
    settings, log = for_test(tmp_path), tmp_path / "second.log"

    async def training() -> bool:
        return "forecast" in phase(tmp_path)

    async def ready() -> bool:
        return phase(tmp_path) == "ready"

    try:
        with started(settings, tmp_path / "first.log") as process:
            await until(training, READY_S, 0.2)
            kill(process)
        with started(settings, log):
            await until(ready, READY_S, 0.2)
            async with client(Stack(settings, key_in(log.read_text()), "demo")) as partner:
                answer = await partner.data("{ championModel { version } }")
    finally:
        postgres.erase(settings)
    assert answer["championModel"]["version"]
    assert "runs since" not in log.read_text()


def key_in(log: str) -> str:
    """The key of the demo tenant, which the first `ready` shows."""
    return next(word for word in log.replace('"', " ").split() if word.startswith("tnr_"))

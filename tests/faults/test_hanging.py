"""What hangs in a whole installation is noticed, and comes back by itself."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from infra.servers import postgres
from infra.supervising.status_board import state_of
from tests.conftest import for_test
from tests.faults.test_first_start import key_in
from tests.journeys.processes import Stack, client, until, up

READY_S = 120
BACK_S = 150
HANGING = ("postgres", "valkey", "usage", "gateway", "risk-worker")


@pytest.mark.long
@pytest.mark.stack
async def test_whatever_is_stopped_is_started_again_and_the_rest_is_left_alone(
    tmp_path: Path,
) -> None:
    settings, log = for_test(tmp_path), tmp_path / "up.log"
    process = up(settings, log, "--no-demo")

    def lines() -> dict[str, dict[str, Any]]:
        return {line["name"]: line for line in state_of(tmp_path).get("programs", [])}

    async def ready() -> bool:
        is_up = all(line["status"] == "up" for line in lines().values())
        return is_up and state_of(tmp_path).get("phase") == "ready"

    async def back() -> bool:
        return await ready() and all(lines()[name]["restarts"] for name in HANGING)

    try:
        await until(ready, READY_S)
        for name in HANGING:
            os.kill(lines()[name]["pid"], signal.SIGSTOP)
        await until(back, BACK_S, 0.5)
        restarts = {name: line["restarts"] for name, line in lines().items()}
        async with client(Stack(settings, key_in(log.read_text()), "development")) as partner:
            (receipt,) = await partner.post("accounts", [{"name": "After"}])
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        postgres.erase(settings)
    assert receipt["status"] == "accepted"
    assert restarts == {name: int(name in HANGING) for name in restarts}

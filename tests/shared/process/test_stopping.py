"""A process that is told to stop lets go whoever only waits for news, at once and quietly."""

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import msgspec
import pytest

from shared.platform import auth
from shared.platform.auth import Signer
from shared.platform.config import Settings
from tests.journeys.processes import environment, until

GRACE_S = 5.0
"""What uvicorn would wait for a request that does not end."""


async def listening(url: str) -> bool:
    async with aiohttp.ClientSession() as session:
        try:
            async with session.get(f"{url}/healthz") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
async def test_long_polls_end_when_the_process_is_told_to_stop(
    settings: Settings, tmp_path: Path, stop: signal.Signals
) -> None:
    log = tmp_path / "log"
    env = environment(settings) | {"TENURE_DATABASE_URL": settings.owner_database_url}
    with log.open("wb") as err:
        process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
            [sys.executable, "-m", "services.billing.app"], env=env, stderr=err
        )
    url = settings.service_url("billing")
    try:
        await until(lambda: listening(url), 60)
        headers = {auth.HEADER: Signer(settings).seal(auth.system())}
        async with aiohttp.ClientSession(headers=headers) as session:
            polls = [
                asyncio.create_task(polled(session, f"{url}/log?after=0&wait_s=25"))
                for _ in range(3)
            ]
            await asyncio.sleep(0.5)
            assert not any(poll.done() for poll in polls)
            process.send_signal(stop)
            begun = time.monotonic()
            assert await asyncio.gather(*polls) == [[], [], []]
        code = await asyncio.to_thread(process.wait, 30)
    finally:
        process.kill()
        process.wait()

    assert time.monotonic() - begun < GRACE_S
    assert code in (0, -stop)
    assert log.read_text() == ""


async def polled(session: aiohttp.ClientSession, url: str) -> list[object]:
    async with session.get(url) as response:
        assert response.status == 200, await response.text()
        return msgspec.msgpack.decode(await response.read(), type=list[object])

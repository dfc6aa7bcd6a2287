"""A worker says to everybody whether it can do all it should, and why not to our own alone."""

from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

from shared.platform import auth
from shared.platform.auth import Principal, Signer
from shared.platform.config import Settings
from shared.process.worker import _health
from tests.processes import serving

PROBLEM = {"problem": "model cannot be read", "tenant": "acme"}


async def test_what_keeps_a_worker_from_its_work_is_told_to_our_own_processes_alone(
    settings: Settings, principal: Principal
) -> None:
    async def problems() -> Sequence[Mapping[str, Any]]:
        return [PROBLEM]

    signer = Signer(settings)
    port = settings.worker_port("risk")
    answers: list[tuple[int, Any]] = []
    async with serving(_health(problems, signer), port), aiohttp.ClientSession() as session:
        for headers in (
            {},
            {auth.HEADER: signer.seal(principal)},
            {auth.HEADER: signer.seal(auth.system())},
        ):
            async with session.get(f"http://127.0.0.1:{port}/readyz", headers=headers) as answer:
                answers.append((answer.status, await answer.json()))
    nothing = {"status": "degraded"}
    assert answers == [(503, nothing), (503, nothing), (503, {**nothing, "problems": [PROBLEM]})]

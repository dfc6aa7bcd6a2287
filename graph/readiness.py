"""Whether every service answers: what it says of itself, and a real call of it."""

import asyncio
import time
from typing import Any, Final

import aiohttp

from shared.platform import auth
from shared.process.rpc import Call, Rpc, remote
from shared.vocabulary.errors import Refusal

CALLS: Final = {
    "accounts": "accounts.accounts.accounts",
    "usage": "usage.reads.summary",
    "billing": "billing.summary.summary",
    "learning": "learning.learners.summary",
    "risk": "risk.scores.latest",
}
"""Of each service a question that the graph asks, too; here it is asked about no account."""
PATIENCE_S: Final = 4.0
FRESH_S: Final = 1.0
"""An answer counts for so long: whoever asks for readiness needs no key."""


class Readiness:
    """What all services answered last."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        self._asking = asyncio.Lock()
        self._until = 0.0
        self._services: dict[str, bool] = {}

    async def services(self) -> dict[str, bool]:
        """Which services can work; many who ask at the same time are one question."""
        async with self._asking:
            if time.monotonic() >= self._until:
                answers = await asyncio.gather(*map(self._works, CALLS))
                self._services = dict(zip(CALLS, answers, strict=True))
                self._until = time.monotonic() + FRESH_S
            return self._services

    async def _works(self, service: str) -> bool:
        try:
            async with asyncio.timeout(PATIENCE_S):
                url = f"{self._rpc.address(service)}/readyz"
                async with self._rpc.session.get(url) as response:
                    if response.status != 200:
                        return False
                call = Call(remote(CALLS[service], dict[Any, Any]), {"account_ids": []})
                await self._rpc.send(auth.system(), call, timeout_s=PATIENCE_S)
        except (aiohttp.ClientError, Refusal, TimeoutError):
            return False
        return True

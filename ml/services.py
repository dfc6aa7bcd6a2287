"""What a tenant's four services tell of accounts at landmarks, asked over rpc."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ml.collected import Collected
from shared.auth import Principal
from shared.landmark import FeatureRow, Half, Landmark, Spell
from shared.rpc import Call, Rpc, named
from shared.signal import Signal

SOURCES: Final = ("accounts", "usage", "billing", "learning")
CHUNK: Final = 2_000
"""Landmarks asked about at a time."""
TIMEOUT_S: Final = 120.0

Step = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done and how much there is."""


@dataclass(frozen=True, slots=True)
class Services:
    """The services as training and judging ask them, on behalf of `principal`."""

    rpc: Rpc
    principal: Principal
    step: Step

    async def spells(self, recorded_before: datetime) -> list[Spell]:
        """Every time under contract, as it was known at a moment."""
        found: list[Spell] = await self.ask(
            "accounts.spells", list[Spell], {"recorded_before": recorded_before}
        )
        return found

    async def features(
        self, service: str, marks: Sequence[Landmark], half: Half | None = None
    ) -> list[FeatureRow]:
        """One service's signals, a row for each landmark in order."""
        rows: list[FeatureRow] = await self.ask(
            f"{service}.features", list[FeatureRow], {"landmarks": marks, "half": half}
        )
        return rows

    async def dictionary(self) -> dict[str, Signal]:
        """What the services say of their signals, by name."""
        told: list[list[Signal]] = await asyncio.gather(
            *(self.ask(f"{name}.dictionary", list[Signal], {}) for name in SOURCES)
        )
        return {signal.name: signal for signals in told for signal in signals}

    async def collected(self, marks: Sequence[Landmark], half: Half | None = None) -> Collected:
        """All services' signals of the landmarks, in order; of one half of what was seen."""
        collected = Collected(await self.dictionary(), len(marks))
        self.step("signals", 0, len(marks))
        for at in range(0, len(marks), CHUNK):
            chunk = marks[at : at + CHUNK]
            answers = await asyncio.gather(*(self.features(name, chunk, half) for name in SOURCES))
            collected.add(dict(zip(SOURCES, answers, strict=True)))
            self.step("signals", at + len(chunk), len(marks))
        return collected

    async def ask(self, name: str, returns: Any, arguments: dict[str, Any]) -> Any:
        """The answer to a read."""
        call = Call(named(name, returns, is_read=True), arguments)
        return await self.rpc.send(self.principal, call, timeout_s=TIMEOUT_S)

"""What a tenant's four services tell of accounts at landmarks, asked over rpc."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Final

import numpy as np

from ml.frames.columns import Collected
from ml.frames.frame import Frame
from ml.frames.halves import Halves, pairs
from ml.frames.landmarks import Label
from ml.scoring.features import Columns
from shared.platform.auth import Principal
from shared.process.rpc import Call, Rpc, remote
from shared.vocabulary.landmark import HALVES, FeatureRow, Half, Landmark, Spell
from shared.vocabulary.signal import Signal

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
        spells: list[Spell] = await self.ask(
            "accounts.landmarks.spells", list[Spell], {"recorded_before": recorded_before}
        )
        return spells

    async def features(
        self, service: str, marks: Sequence[Landmark], half: Half | None = None
    ) -> list[FeatureRow]:
        """One service's signals, a row for each landmark in order."""
        arguments = {"landmarks": marks} if half is None else {"landmarks": marks, "half": half}
        rows: list[FeatureRow] = await self.ask(
            f"{service}.landmarks.features", list[FeatureRow], arguments
        )
        return rows

    async def dictionary(self) -> dict[str, Signal]:
        """What the services say of their signals, by name."""
        dictionaries: list[list[Signal]] = await asyncio.gather(
            *(self.ask(f"{name}.landmarks.dictionary", list[Signal], {}) for name in SOURCES)
        )
        return {signal.name: signal for signals in dictionaries for signal in signals}

    async def collected(
        self,
        marks: Sequence[Landmark],
        half: Half | None = None,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> Collected:
        """All services' signals of the landmarks, in order; of one half of what was seen.

        `progress` hears of progress in place of the step "signals".
        """
        collected = Collected(await self.dictionary(), len(marks))
        say = progress or partial(self.step, "signals")
        say(0, len(marks))
        for at in range(0, len(marks), CHUNK):
            chunk = marks[at : at + CHUNK]
            answers = await asyncio.gather(*(self.features(name, chunk, half) for name in SOURCES))
            collected.add(dict(zip(SOURCES, answers, strict=True)))
            say(at + len(chunk), len(marks))
        return collected

    async def with_halves(self, frame: Frame, labels: Sequence[Label]) -> Frame:
        """The frame of these labels with what halves of the evidence tell of some of its accounts.

        What all of the evidence tells of them the frame holds already. Only where landmarks follow
        one another: on the `start` clock there is nothing to compare.
        """
        if frame.clock == "start" or not len(frame):
            return frame
        first = int(frame.day.min())
        marks = [each.landmark for each in labels if each.landmark.as_of.toordinal() >= first]
        now, before = pairs(marks)
        if not now:
            return frame
        places = {mark: place for place, mark in enumerate(marks)}  # the frame's rows, in order
        rows = np.array([places[mark] for mark in now], dtype=np.int64)
        a, b = [await self._part(half, now, half) for half in HALVES]
        c, d = [await self._part(2 + half, before, half) for half in HALVES]
        return replace(frame, halves=Halves(frame.take(rows).columns, (a, b), (c, d)))

    async def _part(self, part: int, marks: Sequence[Landmark], half: Half) -> Columns:
        """One of the four parts that halves are made of; together they are one step."""

        def progress(done: int, total: int) -> None:
            self.step("signals of halves", part * total + done, 4 * total)

        return (await self.collected(marks, half, progress=progress)).columns()

    async def ask(self, name: str, returns: Any, arguments: dict[str, Any]) -> Any:
        call = Call(remote(name, returns), arguments)
        return await self.rpc.send(self.principal, call, timeout_s=TIMEOUT_S)

"""Windows of a rolling-origin evaluation: what was known at an origin, and what came after it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from ml.frames import landmarks
from ml.frames.admission import admitted
from ml.frames.columns import Collected
from ml.frames.frame import Frame, TrainingRefused
from ml.frames.landmarks import GRACE_DAYS, Label
from ml.frames.tenant import Services, Step
from ml.scoring.document import Clock
from ml.scoring.renewal_clock import HORIZON_MONTHS, month_of, months_between
from shared.platform.auth import Principal
from shared.process.rpc import Rpc
from shared.vocabulary.landmark import VOLUNTARY, Landmark, Spell

LANDMARK: Final[Clock] = "landmark"
MIN_HISTORY_MONTHS: Final = 6
"""Landmarks that training needs before an origin, counted in months."""


@dataclass(frozen=True, slots=True)
class Window:
    """One origin: everything in `training` was recorded before it.

    `ahead` has one row for each account at risk at the origin: its signals there, and what became
    of it, followed to the end of the data; `accounts` are their ids in the same order.
    """

    origin: date
    training: Frame
    ahead: Frame
    accounts: list[UUID]


@dataclass(frozen=True, slots=True)
class Past:
    """A tenant's services, asked for what was known at moments of the past; `now` ends the data."""

    rpc: Rpc
    principal: Principal
    now: datetime
    step: Step

    async def origins(self, count: int, every_months: int = 3) -> list[date]:
        """Up to so many origins that have history before them and a year after."""
        spells = await self._services.spells(self.now)
        if not spells:
            raise TrainingRefused("there is nothing to judge: no account was ever under contract")
        first = min(spell.seen_from for spell in spells)
        return origins_before(self.now.date(), first=first, count=count, every_months=every_months)

    async def windows(self, origins: Sequence[date]) -> list[Window]:
        """One window for each origin, in order; signals of a moment are asked for once.

        Raises
        ------
        TrainingRefused
            If an origin has no history before it or nothing after it.
        """
        until = self.now.date()
        after = await self._services.spells(self.now)
        before = [await self._services.spells(landmarks.moment(origin)) for origin in origins]
        past = [
            landmarks.labels(spells, LANDMARK, origin)
            for spells, origin in zip(before, origins, strict=True)
        ]
        ahead = [
            at_risk(spells, after, origin, until)
            for spells, origin in zip(before, origins, strict=True)
        ]
        signals = await self._signals({label.landmark for part in past + ahead for label in part})
        return [
            await self._with_halves(
                _window(origin, until_origin, coming, signals, until), until_origin
            )
            for origin, until_origin, coming in zip(origins, past, ahead, strict=True)
        ]

    async def _with_halves(self, window: Window, past: list[Label]) -> Window:
        training = await self._services.with_halves(window.training, past)
        return replace(window, training=training)

    @property
    def _services(self) -> Services:
        return Services(self.rpc, self.principal, self.step)

    async def _signals(self, marks: set[Landmark]) -> "Signals":
        ordered = sorted(marks, key=lambda mark: (mark.as_of, str(mark.account_id)))
        collected = await self._services.collected(ordered)
        places = {mark: place for place, mark in enumerate(ordered)}
        return Signals(collected, collected.columns(), places)


class Signals(Collected):
    """Signals of many landmarks, of which some are picked at a time."""

    def __init__(
        self, collected: Collected, columns: dict[str, NDArray[Any]], places: dict[Landmark, int]
    ) -> None:
        super().__init__(collected.dictionary)
        self.sources = collected.sources
        self._arrays = columns
        self._places = places

    def of(self, labels: Sequence[Label]) -> "Signals":
        """The same signals for these landmarks only, in their order."""
        places = np.array([self._places[label.landmark] for label in labels], dtype=np.int64)
        picked = {name: values[places] for name, values in self._arrays.items()}
        order = {label.landmark: place for place, label in enumerate(labels)}
        return Signals(self, picked, order)

    def columns(self) -> dict[str, NDArray[Any]]:
        """Each signal's values, shape (landmarks,)."""
        return self._arrays


def origins_before(
    now: date, *, first: date, count: int, every_months: int = 3, ahead_months: int = HORIZON_MONTHS
) -> list[date]:
    """Up to `count` origins, oldest first, the last `ahead_months` before the data end.

    Parameters
    ----------
    now
        The day the data end.
    first
        The day records begin; origins keep six months and a grace away from it.
    ahead_months
        Months that must have passed since the last origin.
    """
    last = landmarks.followed_to(now)
    origins: list[date] = []
    for number in range(count):
        # so long after a day of the grid that all origins' training has its landmarks on the grid
        grid = landmarks.months_before(last, ahead_months + number * every_months + 2)
        origin = grid + timedelta(days=landmarks.NEWEST_DAYS)
        if months_between(first, grid) < MIN_HISTORY_MONTHS:
            break
        origins.append(origin)
    return origins[::-1]


def at_risk(
    before: Sequence[Spell], after: Sequence[Spell], origin: date, until: date
) -> list[Label]:
    """Accounts under contract at an origin as known then, with what became of them.

    One that had left already, though nobody had said so, is left out: there was nothing to predict.
    """
    running = {
        spell.account_id
        for spell in before
        if spell.start_on < origin and (spell.ended_on is None or spell.ended_on > origin)
    }
    last = until - timedelta(days=GRACE_DAYS)
    rows = [
        _ahead(spell, origin, last)
        for spell in after
        if spell.account_id in running
        and spell.start_on < origin
        and (spell.ended_on is None or spell.ended_on > origin)
    ]
    return sorted(rows, key=lambda label: str(label.landmark.account_id))


def _ahead(spell: Spell, origin: date, last: date) -> Label:
    lost = spell.ended_on is not None and spell.ended_on <= last
    ended = spell.ended_on if lost and spell.ended_on is not None else last
    months = month_of((ended - origin).days) if lost else months_between(origin, ended)
    if months > HORIZON_MONTHS:
        months, lost = HORIZON_MONTHS, False
    landmark = Landmark(spell.account_id, landmarks.moment(origin))
    return Label(landmark, months, lost, spell.cause or VOLUNTARY)


def _window(
    origin: date, past: list[Label], ahead: list[Label], signals: Signals, until: date
) -> Window:
    if not past or not ahead:
        raise TrainingRefused(f"no account was at risk at {origin}, or none before it")
    return Window(
        origin,
        admitted(landmarks.frame(past, signals.of(past), LANDMARK, origin), signals.dictionary),
        admitted(landmarks.frame(ahead, signals.of(ahead), LANDMARK, until), signals.dictionary),
        [label.landmark.account_id for label in ahead],
    )

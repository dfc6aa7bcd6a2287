"""Windows of a made-up world at any origin, honest or with knowledge that comes too late."""

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np

from ml.backtesting.windows import Window, at_risk
from ml.frames import landmarks
from ml.frames.columns import Collected
from ml.frames.frame import Frame
from ml.frames.landmarks import GRACE_DAYS, Label
from shared.vocabulary.landmark import FeatureRow, Spell
from tests.ml.worlds import DATA_TO, World

Rows = Callable[[World, list[Label]], dict[str, list[FeatureRow]]]
ORIGINS = [DATA_TO - timedelta(days=450), DATA_TO - timedelta(days=400)]


def honest(world: World, labels: list[Label]) -> dict[str, list[FeatureRow]]:
    """Signals as they were known at the landmark."""
    return world.rows(labels)


def four_months_late(world: World, labels: list[Label]) -> dict[str, list[FeatureRow]]:
    """Use as it is four months after the landmark: who has left by then uses nothing."""
    found = world.rows(labels)
    for label, row in zip(labels, found["usage"], strict=True):
        ended = world.spells[label.landmark.account_id.int].ended_on
        day = label.landmark.as_of.date() + timedelta(days=120)
        if ended is not None and ended <= day:
            row["events_28d"] = 0.0
    return found


def cancelled(world: World, labels: list[Label]) -> dict[str, list[FeatureRow]]:
    """Whether the account ever cancelled, as the newest table of accounts says of old rows, too."""
    found = world.rows(labels)
    for label, row in zip(labels, found["accounts"], strict=True):
        row["cancelled"] = world.spells[label.landmark.account_id.int].ended_on is not None
    return found


def known(world: World, origin: date) -> list[Spell]:
    """Spells as they stood at an origin."""
    return [
        s if s.ended_on and s.ended_on < origin else Spell(s.account_id, s.start_on, None)
        for s in world.spells
        if s.start_on < origin
    ]


def frame_of(world: World, labels: list[Label], rows: Rows, until: date) -> Frame:
    """Labels with their signals."""
    collected = Collected()
    collected.add(rows(world, labels))
    return landmarks.frame(labels, collected, "landmark", until)


def window(world: World, origin: date, past: Rows = honest, ahead: Rows = honest) -> Window:
    """What was known at an origin, and what came after; `past` and `ahead` make the signals."""
    before = known(world, origin)
    old = landmarks.labels(before, "landmark", origin)
    coming = at_risk(before, world.spells, origin, DATA_TO + timedelta(days=GRACE_DAYS))
    return Window(
        origin,
        frame_of(world, old, past, origin),
        frame_of(world, coming, ahead, DATA_TO),
        [label.landmark.account_id for label in coming],
    )


def truth(world: World) -> Callable[[Window], np.ndarray]:
    """The chances that made the world: lost at the next renewal or not, by month."""

    def survival(window: Window) -> np.ndarray:
        account = [key.int for key in window.accounts]
        loss = 1 / (1 + np.exp(2 + 1.2 * world.health[account]))
        due = window.ahead.columns["days_to_renewal"].astype(float)
        months = np.arange(13) * 30.4375 + 3
        return np.where(months[None, :] >= due[:, None], 1 - loss[:, None], 1.0)

    return survival

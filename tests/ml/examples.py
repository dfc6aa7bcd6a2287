"""Small made-up customers whose chances are known, as spells and signals, and windows of them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from ml.backtesting.windows import Window, at_risk
from ml.frames import landmarks
from ml.frames.columns import Collected
from ml.frames.frame import Frame, one_stratum
from ml.frames.landmarks import GRACE_DAYS, Label
from shared.vocabulary.landmark import FeatureRow, Spell

DATA_TO = date(2026, 11, 1)
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class World:
    """Annual contracts lost at renewal with chance 1/(1 + exp(2 + 1.2·health)), and their use."""

    start: list[date]
    health: NDArray[np.float64]
    spells: list[Spell]

    def rows(self, labels: list[Label]) -> dict[str, list[FeatureRow]]:
        """What accounts and usage would say at each landmark."""
        answers: dict[str, list[FeatureRow]] = {"accounts": [], "usage": []}
        for label in labels:
            i = label.landmark.account_id.int
            day = label.landmark.as_of.date()
            age = (day - self.start[i]).days
            noise = np.random.default_rng(age * 10_000 + i).normal(0, 0.3)
            answers["accounts"].append(
                {
                    "contract_term_months": 12.0,
                    "days_to_renewal": float(365 - age % 365),
                    "account_age_days": float(age),
                    "segment_label": "large" if i % 3 else "small",
                }
            )
            answers["usage"].append(
                {
                    "events_28d": float(np.exp(4 + self.health[i] + noise)),
                    "active_members_28d": None if i % 10 == 0 else float(3 + i % 7),
                }
            )
        return answers

    def frame(self) -> Frame:
        """The landmark frame, as training builds it."""
        labels = landmarks.labels(self.spells, "landmark", DATA_TO)
        collected = Collected()
        collected.add(self.rows(labels))
        return landmarks.frame(labels, collected, "landmark", DATA_TO)


def annual(accounts: int = 500, seed: int = 1) -> World:
    """Customers who signed in the last three years."""
    rng = np.random.default_rng(seed)
    health = rng.normal(0, 1, accounts)
    start = [DATA_TO - timedelta(days=int(d)) for d in rng.integers(60, 1095, accounts)]
    spells: list[Spell] = []
    for i in range(accounts):
        ended, renewal = None, start[i] + timedelta(days=365)
        while renewal < DATA_TO and ended is None:
            if rng.random() < 1 / (1 + np.exp(2 + 1.2 * health[i])):
                ended = renewal
            renewal += timedelta(days=365)
        spells.append(Spell(UUID(int=i), start[i], ended))
    return World(start, health, spells)


def tied(rows: int = 400, seed: int = 0, months: int = 12) -> Frame:
    """A table on the `start` clock with heavy ties, a text, a number with gaps and a flag."""
    rng = np.random.default_rng(seed)
    size, plan = rng.gamma(2.0, 20.0, rows), rng.choice(["basic", "plus", "pro"], rows)
    hazard = 0.08 * np.exp(0.02 * (40 - size) + 0.7 * (plan == "basic"))
    left = np.ceil(rng.exponential(1 / hazard)).astype(np.int64)
    followed = rng.integers(1, months + 1, rows)
    seats = np.round(size).astype(object)
    seats[rng.random(rows) < 0.1] = None
    columns = {
        "seats": seats,
        "plan": plan.astype(object),
        "auto_renew": (rng.random(rows) < 0.5).astype(object),
    }
    return Frame(
        clock="start",
        columns=columns,
        duration=np.minimum(left, followed),
        event=left <= followed,
        stratum=one_stratum(rows),
        account=np.arange(rows),
        data_from=date(2025, 1, 1),
        data_to=DATA_TO,
    )


def rows_of(frame: Frame) -> list[FeatureRow]:
    """A frame's signals as the services would send them."""
    names = list(frame.columns)
    values = zip(*(frame.columns[name].tolist() for name in names), strict=True)
    return [dict(zip(names, row, strict=True)) for row in values]


Rows = Callable[[World, list[Label]], dict[str, list[FeatureRow]]]
ORIGINS = [DATA_TO - timedelta(days=450), DATA_TO - timedelta(days=400)]


def honest(world: World, labels: list[Label]) -> dict[str, list[FeatureRow]]:
    """Signals as they were known at the landmark."""
    return world.rows(labels)


def four_months_late(world: World, labels: list[Label]) -> dict[str, list[FeatureRow]]:
    """Use as it is four months after the landmark: who has left by then uses nothing."""
    answers = world.rows(labels)
    for label, row in zip(labels, answers["usage"], strict=True):
        ended = world.spells[label.landmark.account_id.int].ended_on
        day = label.landmark.as_of.date() + timedelta(days=120)
        if ended is not None and ended <= day:
            row["events_28d"] = 0.0
    return answers


def cancelled(world: World, labels: list[Label]) -> dict[str, list[FeatureRow]]:
    """Whether the account ever cancelled, as the newest table of accounts says of old rows, too."""
    answers = world.rows(labels)
    for label, row in zip(labels, answers["accounts"], strict=True):
        row["cancelled"] = world.spells[label.landmark.account_id.int].ended_on is not None
    return answers


def spells_at(world: World, origin: date) -> list[Spell]:
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
    before = spells_at(world, origin)
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

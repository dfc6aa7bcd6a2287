"""Small made-up customers whose chances are known, as spells and signals."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from ml.frames import landmarks
from ml.frames.columns import Collected
from ml.frames.frame import Frame, one_stratum
from ml.frames.landmarks import Label
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

"""What signals can say: a regression on known chances finds as much as the signals show."""

from datetime import date
from uuid import UUID

import numpy as np
import pytest

from ml.backtesting.windows import Window
from ml.frames.frame import Frame
from ml.trial.reach import reach

ROWS = 2_000


def window(hidden: float) -> tuple[Window, np.ndarray]:
    """Accounts whose chances follow one signal and, by so much, something that none shows."""
    rng = np.random.default_rng(5)
    shown, unseen = rng.normal(size=(2, ROWS))
    hazard = np.exp(-1.6 + 0.8 * shown + hidden * unseen)
    truth = np.exp(-hazard[:, None] * np.arange(13) / 12)
    columns = {"uses": shown.astype(object), "tickets": rng.normal(size=ROWS).astype(object)}
    frame = Frame(
        clock="landmark",
        columns=columns,
        duration=rng.integers(1, 13, ROWS),
        event=rng.random(ROWS) < 0.3,  # outcomes that have nothing to do with the chances
        stratum=np.where(rng.random(ROWS) < 0.5, "r06", "monthly"),
        account=np.arange(ROWS),
        data_from=date(2025, 1, 1),
        data_to=date(2026, 1, 1),
    )
    ids = [UUID(int=number) for number in range(ROWS)]
    return Window(date(2025, 7, 1), frame, frame, ids), truth


def test_what_signals_show_is_reached_whatever_the_outcomes_were():
    frame, truth = window(hidden=0.0)
    survival = reach(frame, truth)
    assert survival[:, 0] == pytest.approx(1.0)
    assert np.abs(survival - truth).max() < 0.04


def test_what_no_signal_shows_is_not_reached_and_the_mean_is_true():
    frame, truth = window(hidden=0.8)
    survival = reach(frame, truth)
    logs = np.log(-np.log(survival[:, 12])), np.log(-np.log(truth[:, 12]))
    assert np.corrcoef(*logs)[0, 1] ** 2 == pytest.approx(0.5, abs=0.05)
    assert survival.mean(axis=0) == pytest.approx(truth.mean(axis=0), abs=0.01)
    assert np.all(np.diff(survival, axis=1) <= 0)

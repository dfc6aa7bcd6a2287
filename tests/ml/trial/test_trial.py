"""The trial's own judgement: a forecast that is the truth keeps every promise, a poor one none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ml.backtesting import backtest
from ml.backtesting.backtest import Rows
from ml.frames.frame import TrainingRefused
from ml.reporting.figures import write_between
from ml.simulation.drivers import PLANTED
from ml.trial.leaky import LEAKED, Watch
from ml.trial.page import page
from ml.trial.recovery import PlantedAccounts
from ml.trial.trial import (
    BOOSTED,
    FORECAST,
    KAPLAN_MEIER,
    SIGNALS,
    TRUTH,
    Trial,
    promises,
    together,
)

ROWS = 6_000


def trial_of(seed: int, forecast: str) -> Trial:
    """Accounts with known chances, forecast by the truth or by their mean."""
    rng = np.random.default_rng(seed)
    chance = rng.beta(1.2, 5.0, ROWS)
    left = rng.random(ROWS) < chance
    month = rng.integers(1, 13, ROWS)
    share = np.arange(13) / 12
    true = 1 - chance[:, None] * share
    flat = 1 - np.full((ROWS, 1), 0.45) * share
    survival = {"truth": true, "flat": flat}[forecast]
    rows = Rows(
        account=np.arange(ROWS).astype(np.str_),
        origin=np.full(ROWS, 20250501),
        duration=np.where(left, month, 12),
        event=left,
        stratum=np.full(ROWS, "r06"),
        segments={"term": np.full(ROWS, "12.0")},
        survival={
            FORECAST: survival,
            BOOSTED: true,
            KAPLAN_MEIER: flat,
            SIGNALS: true,
            TRUTH: true,
        },
    )
    own = {FORECAST: {"within_3m": 0.7, "within_12m": 0.7}}
    width = np.where(rng.random(ROWS) < 0.9, 0.1, -0.01)
    interval = np.column_stack([1 - survival[:, 12] - width, 1 - survival[:, 12] + width])
    judgement = backtest.judge(rows, own, replicates=20)
    return Trial(
        judgement,
        interval,
        interval,
        np.ones(ROWS, dtype=np.bool_),
        signals_seen(rng, forecast),
        (watch(rows, judgement),),
    )


@pytest.fixture(scope="module")
def flat() -> Trial:
    """A trial of a forecast that says the same of every account."""
    return trial_of(4, "flat")


def signals_seen(rng: np.random.Generator, forecast: str) -> PlantedAccounts:
    """Accounts whose parts are what was planted into them, or nothing but noise."""
    effects = np.array(list(PLANTED.values()))
    planted = rng.standard_normal((500, len(effects)))
    parts = {"truth": planted * effects, "flat": rng.standard_normal(planted.shape)}[forecast]
    return PlantedAccounts(tuple(PLANTED), planted, parts, parts.sum(axis=1))


def watch(rows: Rows, honest: backtest.Backtest) -> Watch:
    """A forecast that is as good on later rows as the first, and seemed better on its own."""
    mine = replace(rows, survival={LEAKED: rows.survival[FORECAST]})
    gap = {"within_3m": 0.97, "within_12m": 0.7}
    is_flat = np.ptp(rows.survival[FORECAST][:, 12]) == 0
    own = {"within_3m": 0.5, "within_12m": 0.5} if is_flat else gap
    return Watch(backtest.judge(mine, {LEAKED: own}, replicates=20), honest)


def test_the_truth_keeps_every_promise_and_a_flat_forecast_none_of_them(flat: Trial):
    honest = promises(together([trial_of(1, "truth"), trial_of(2, "truth")], replicates=20))
    assert [each.name for each in honest if not each.is_kept] == []
    assert not any(each.is_kept for each in promises(flat))


def test_the_page_says_what_was_not_kept_and_stands_between_its_marks(flat: Trial, tmp_path: Path):
    text = page(promises(flat), flat, {4: flat})
    assert "**no**" in text
    assert "| discount ends | +0.6" in text
    assert "| silent |" in text
    assert f"{ROWS:,} accounts" in text
    file = tmp_path / "page.md"
    file.write_text(
        "before\n<!-- simulation: begin -->\nOUTDATED\n<!-- simulation: end -->\nafter\n"
    )
    write_between(file, "simulation", f"{text}\n")
    assert "OUTDATED" not in file.read_text()
    assert file.read_text().startswith("before")
    assert file.read_text().endswith("after\n")
    with pytest.raises(TrainingRefused, match="no place marked"):
        write_between(file, "telco", text)

"""The trial's own judgement: a forecast that is the truth keeps every promise, a poor one none."""

import numpy as np
import pytest

from ml import backtest
from ml.backtest import Rows
from ml.trial import BOOSTED, FORECAST, KAPLAN_MEIER, SIGNALS, TRUTH, Trial, promises, together
from ml.trial_page import page, put

ROWS = 6_000


def drawn(seed: int, forecast: str) -> Trial:
    """Accounts with known chances, forecast by the truth or by their mean."""
    rng = np.random.default_rng(seed)
    chance = rng.beta(1.2, 5.0, ROWS)
    left = rng.random(ROWS) < chance
    month = rng.integers(1, 13, ROWS)
    share = np.arange(13) / 12
    true = 1 - chance[:, None] * share
    flat = 1 - np.full((ROWS, 1), 0.3) * share
    given = {"truth": true, "flat": flat}[forecast]
    rows = Rows(
        account=np.arange(ROWS).astype(np.str_),
        origin=np.full(ROWS, 20250501),
        duration=np.where(left, month, 12),
        event=left,
        stratum=np.full(ROWS, "r06"),
        segments={"term": np.full(ROWS, "12.0")},
        survival={FORECAST: given, BOOSTED: true, KAPLAN_MEIER: flat, SIGNALS: true, TRUTH: true},
    )
    own = {FORECAST: {"within_3m": 0.7, "within_12m": 0.7}}
    width = np.where(rng.random(ROWS) < 0.9, 0.1, -0.01)
    interval = np.column_stack([1 - given[:, 12] - width, 1 - given[:, 12] + width])
    found = backtest.judged(rows, own, replicates=20)
    return Trial(found, interval, interval, np.ones(ROWS, dtype=np.bool_))


def test_the_truth_keeps_every_promise_and_a_flat_forecast_none_of_them():
    kept = promises(together([drawn(1, "truth"), drawn(2, "truth")]))
    assert [each.name for each in kept if not each.is_kept] == []
    broken = promises(drawn(3, "flat"))
    assert not any(each.is_kept for each in broken)


def test_the_page_says_what_was_not_kept_and_stands_between_its_marks(tmp_path):
    trial = drawn(4, "flat")
    said = page(promises(trial), trial, {4: trial})
    assert "**no**" in said
    assert f"{ROWS:,} accounts" in said
    file = tmp_path / "page.md"
    file.write_text(
        "before\n<!-- simulation: begin -->\nOUTDATED\n<!-- simulation: end -->\nafter\n"
    )
    put(file, "simulation", said)
    assert "OUTDATED" not in file.read_text()
    assert file.read_text().startswith("before")
    assert file.read_text().endswith("after\n")
    with pytest.raises(ValueError, match="no place marked"):
        put(file, "telco", said)

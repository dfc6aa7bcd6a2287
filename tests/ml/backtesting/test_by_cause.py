"""Cause by cause: what is expected adds up, what came is counted, and others leave it be."""

from dataclasses import replace

import numpy as np
import pytest

from ml.backtesting.by_cause import by_cause
from ml.backtesting.windows import Window
from ml.fitting.fit import fit
from ml.judging import evaluate
from ml.scoring.hazards import ChurnModel
from tests.ml.examples import ORIGINS, World, annual, window


def with_causes(world: World, share: float) -> World:
    """Of the losses so large a share is involuntary, whatever the health."""
    rng = np.random.default_rng(8)
    causes = np.where(rng.random(len(world.spells)) < share, "involuntary", "voluntary")
    spells = [
        replace(spell, cause=str(cause)) if spell.ended_on else spell
        for spell, cause in zip(world.spells, causes, strict=True)
    ]
    return replace(world, spells=spells)


@pytest.fixture(scope="module")
def windows() -> list[Window]:
    world = with_causes(annual(1_500, seed=6), 0.35)
    return [window(world, origin) for origin in ORIGINS]


@pytest.fixture(scope="module")
def models(windows: list[Window]) -> list[ChurnModel]:
    return [evaluate.ready(fit(window.training)) for window in windows]


def test_losses_and_expectations_of_all_causes_add_up_to_those_of_all(windows, models):
    causes = by_cause(models, windows)
    assert list(causes) == ["voluntary", "involuntary"]
    pairs = list(zip(models, windows, strict=True))
    churn = sum(float((1 - evaluate.survival_by_month(m, w.ahead)[:, 12]).sum()) for m, w in pairs)
    assert sum(figures["expected"] for figures in causes.values()) == pytest.approx(churn, abs=1e-9)
    assert sum(figures["losses"] for figures in causes.values()) == sum(
        w.ahead.event.sum() for w in windows
    )
    assert {figures["rows"] for figures in causes.values()} == {sum(len(w.ahead) for w in windows)}


def test_each_cause_is_calibrated_and_ranked_by_its_own_chance(windows, models):
    for figures in by_cause(models, windows).values():
        assert figures["losses"] > 20
        assert figures["oe_12m"] == pytest.approx(1, abs=3 / figures["losses"] ** 0.5)
        assert figures["auc_12m"] > 0.55
        rate = figures["losses"] / figures["rows"]
        assert figures["brier_12m"] < rate * (1 - rate)


def test_a_cause_that_nobody_had_foreseen_is_shown_with_nothing_expected(windows, models):
    ahead = windows[0].ahead
    surprised = replace(windows[0], ahead=replace(ahead, cause=np.full(len(ahead), "regulation")))
    causes = by_cause(models[:1], [surprised])
    assert causes["regulation"]["losses"] == ahead.event.sum()
    assert causes["regulation"]["expected"] == 0
    assert np.isnan(causes["regulation"]["oe_12m"])
    assert causes["voluntary"]["losses"] == 0
    assert np.isnan(causes["voluntary"]["auc_12m"])

"""Figures of merit against brute force and, where installed, against scikit-survival."""

import numpy as np
import pytest

from ml import metrics
from ml.metrics import Outcome

MONTHS = np.arange(1, 11)


def drawn(rows: int, seed: int, *, closed: bool = False):
    """Outcomes of exponential times in whole months, and the true survival at months 0…10."""
    rng = np.random.default_rng(seed)
    rate = 0.1 * np.exp(rng.normal(0, 0.7, rows))
    left = np.ceil(rng.exponential(1 / rate)).astype(np.int64)
    followed = rng.integers(1, 13, rows)
    outcome = Outcome(np.minimum(left, followed), left <= followed, closed)
    return outcome, np.exp(-rate[:, None] * np.arange(11)), rate


def test_harrell_counts_every_comparable_pair():
    outcome, _, rate = drawn(80, 1)
    risk = np.round(rate, 1)  # with ties
    right = total = 0.0
    for i in np.flatnonzero(outcome.event):
        for j in range(80):
            later = outcome.duration[j] > outcome.duration[i]
            if later or (outcome.duration[j] == outcome.duration[i] and not outcome.event[j]):
                total += 1
                right += (risk[i] > risk[j]) + 0.5 * (risk[i] == risk[j])
    assert metrics.harrell(outcome, risk) == pytest.approx(right / total)


@pytest.mark.parametrize("closed", [False, True])
def test_scores_agree_with_scikit_survival(closed):
    theirs = pytest.importorskip("sksurv.metrics")
    util = pytest.importorskip("sksurv.util")
    (past, _, _), (outcome, survival, rate) = (
        drawn(900, 2, closed=closed),
        drawn(600, 3, closed=closed),
    )
    # a closed month is one whose censoring comes half a month after its end
    shift = 0.5 * closed
    train = util.Surv.from_arrays(past.event, past.duration + shift * ~past.event)
    test = util.Surv.from_arrays(outcome.event, outcome.duration + shift * ~outcome.event)
    inside = np.flatnonzero(test["time"] < train["time"].max())
    test, outcome = test[inside], Outcome(outcome.duration[inside], outcome.event[inside], closed)
    survival, rate = survival[inside], rate[inside]
    expected, _ = theirs.cumulative_dynamic_auc(train, test, rate, [3, 6, 10])
    ours = [metrics.auc(past, outcome, rate, month) for month in (3, 6, 10)]
    assert ours == pytest.approx(expected, abs=1e-12)
    expected = theirs.integrated_brier_score(train, test, survival[:, 1:], MONTHS)
    ours = metrics.integrated_brier(past, outcome, survival[:, 1:], MONTHS)
    assert ours == pytest.approx(expected, abs=1e-12)
    expected = theirs.concordance_index_ipcw(train, test, rate)[0]
    assert metrics.uno(past, outcome, rate) == pytest.approx(expected, abs=1e-12)


def test_the_true_chances_are_calibrated_and_doubled_ones_are_not():
    outcome, survival, _ = drawn(12_000, 4)
    churn = 1 - survival[:, 6]
    assert metrics.ici(outcome, churn, 6) < 0.02
    assert metrics.observed_to_expected(outcome, churn, 6) == pytest.approx(1, abs=0.04)
    wrong = np.minimum(churn * 1.5, 0.99)
    assert metrics.ici(outcome, wrong, 6) > 0.1
    assert metrics.observed_to_expected(outcome, wrong, 6) < 0.75


def test_the_true_chances_have_the_best_brier_score():
    past, _, _ = drawn(2_000, 5)
    outcome, survival, _ = drawn(3_000, 6)
    best = metrics.integrated_brier(past, outcome, survival[:, 1:], MONTHS)
    for bent in (survival**0.6, survival**1.6, np.full_like(survival, 0.5)):
        assert metrics.integrated_brier(past, outcome, bent[:, 1:], MONTHS) > best


def test_without_censoring_the_brier_score_is_the_mean_squared_error():
    outcome = Outcome(np.array([1, 2, 3, 4]), np.ones(4, dtype=bool))
    survival = np.array([0.1, 0.2, 0.7, 0.8])
    squares = [0.1**2, 0.2**2, 0.3**2, 0.2**2]
    assert metrics.brier(outcome, outcome, survival, 2) == pytest.approx(np.mean(squares))


def test_kaplan_meier_by_hand():
    outcome = Outcome(np.array([1, 2, 2, 3]), np.array([True, True, False, True]))
    assert metrics.kaplan_meier(outcome) == pytest.approx([1, 3 / 4, 1 / 2, 0])

"""Figures of merit against brute force and, where installed, against scikit-survival."""

import numpy as np
import pytest

from ml.judging import metrics
from ml.judging.metrics import Outcome

MONTHS = np.arange(1, 11)


def sample(rows: int, seed: int, *, closed: bool = False):
    """Outcomes of exponential times in whole months, and the true survival at months 0…10."""
    rng = np.random.default_rng(seed)
    rate = 0.1 * np.exp(rng.normal(0, 0.7, rows))
    left = np.ceil(rng.exponential(1 / rate)).astype(np.int64)
    followed = rng.integers(1, 13, rows)
    outcome = Outcome(np.minimum(left, followed), left <= followed, closed)
    return outcome, np.exp(-rate[:, None] * np.arange(11)), rate


def test_harrell_counts_every_comparable_pair():
    outcome, _, rate = sample(80, 1)
    risk = np.asarray(np.round(rate, 1), dtype=np.float64)  # with ties
    right = total = 0.0
    for i in np.flatnonzero(outcome.event):
        for j in range(80):
            later = outcome.duration[j] > outcome.duration[i]
            if later or (outcome.duration[j] == outcome.duration[i] and not outcome.event[j]):
                total += 1
                right += (risk[i] > risk[j]) + 0.5 * (risk[i] == risk[j])
    assert metrics.harrell(outcome, risk) == pytest.approx(right / total)


RECORDED = {
    False: ((0.691371587750204, 0.7103154126961746, 0.6436166370896212), 0.20477215878997582,
            0.6605116684485081),
    True: ((0.6946619469223114, 0.7053698282102756, 0.7146486762565185), 0.19249501227494775,
           0.6629932360123643),
}  # fmt: skip
"""AUC at 3, 6 and 10 months, integrated Brier score and Uno's C as scikit-survival 0.28.0 has them.

Its licence keeps it out of what is installed; where it is there, the record itself is checked.
"""


def compared(closed: bool):
    """Outcomes to learn the censoring from and to judge by, survival and rates of the latter."""
    past, _, _ = sample(900, 2, closed=closed)
    outcome, survival, rate = sample(600, 3, closed=closed)
    inside = outcome.duration + 0.5 * closed * ~outcome.event < (
        past.duration + 0.5 * closed * ~past.event
    ).max(initial=0.0)
    outcome = Outcome(outcome.duration[inside], outcome.event[inside], closed)
    return past, outcome, survival[inside], rate[inside]


@pytest.mark.parametrize("closed", [False, True])
def test_scores_agree_with_those_of_scikit_survival(closed: bool):
    past, outcome, survival, rate = compared(closed)
    auc, brier, uno = RECORDED[closed]
    ours = [metrics.auc(past, outcome, rate, month) for month in (3, 6, 10)]
    assert ours == pytest.approx(auc, abs=1e-12)
    ours = metrics.integrated_brier(past, outcome, survival[:, 1:], MONTHS)
    assert ours == pytest.approx(brier, abs=1e-12)
    assert metrics.uno(past, outcome, rate) == pytest.approx(uno, abs=1e-12)


@pytest.mark.parametrize("closed", [False, True])
def test_the_record_is_what_scikit_survival_says(closed: bool):
    theirs = pytest.importorskip("sksurv.metrics")
    util = pytest.importorskip("sksurv.util")
    past, outcome, survival, rate = compared(closed)
    # a closed month is one whose censoring comes half a month after its end
    train, test = (
        util.Surv.from_arrays(rows.event, rows.duration + 0.5 * closed * ~rows.event)
        for rows in (past, outcome)
    )
    auc, brier, uno = RECORDED[closed]
    reference, _ = theirs.cumulative_dynamic_auc(train, test, rate, [3, 6, 10])
    assert reference == pytest.approx(auc, abs=1e-12)
    reference = theirs.integrated_brier_score(train, test, survival[:, 1:], MONTHS)
    assert reference == pytest.approx(brier, abs=1e-12)
    assert theirs.concordance_index_ipcw(train, test, rate)[0] == pytest.approx(uno, abs=1e-12)


def test_the_true_chances_are_calibrated_and_doubled_ones_are_not():
    outcome, survival, _ = sample(12_000, 4)
    churn = 1 - survival[:, 6]
    assert metrics.ici(outcome, churn, 6) < 0.02
    assert metrics.observed_to_expected(outcome, churn, 6) == pytest.approx(1, abs=0.04)
    wrong = np.minimum(churn * 1.5, 0.99)
    assert metrics.ici(outcome, wrong, 6) > 0.1
    assert metrics.observed_to_expected(outcome, wrong, 6) < 0.75


def test_the_true_chances_have_the_best_brier_score():
    past, _, _ = sample(2_000, 5)
    outcome, survival, _ = sample(3_000, 6)
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


def test_true_chances_are_calibrated_at_every_month_although_hazards_cross():
    rng = np.random.default_rng(4)
    month = rng.integers(1, 13, 6_000)  # of the renewal; nobody is lost before
    chance = rng.choice([0.05, 0.4], 6_000)
    lost = rng.random(6_000) < chance
    outcome = Outcome(np.where(lost, month, 12), lost, closed=True)
    for horizon in (1, 2, 3, 12):
        churn = np.where(month <= horizon, chance, 1e-6)
        assert metrics.ici(outcome, churn, horizon) < 0.012
        assert metrics.ici(outcome, np.minimum(1.6 * churn, 1), horizon) > 0.012 * horizon / 12

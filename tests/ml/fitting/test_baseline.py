"""Discrete baselines: golden values by hand, and Kaplan–Meier as the special case."""

import numpy as np
import pytest

from ml.fitting.baseline import MAX_HAZARD, breslow, cumulative_hazard, kalbfleisch_prentice
from ml.judging import metrics
from ml.judging.metrics import Outcome


def test_two_leave_with_weights_one_and_two_of_five_gives_the_root_found_by_hand():
    # 1/(1 − a) + 2/(1 − a²) = 5  ⇔  5a² + a − 2 = 0  ⇔  a = (√41 − 1) / 10
    hazard = kalbfleisch_prentice(np.array([1.0, 2.0]), 5.0)
    assert np.exp(-hazard) == pytest.approx((np.sqrt(41) - 1) / 10, abs=1e-15)


def test_one_leaves_alone_gives_the_closed_form():
    # one event of weight w: a^w = 1 − w/R
    hazard = kalbfleisch_prentice(np.array([0.7]), 3.0)
    assert np.exp(-0.7 * hazard) == pytest.approx(1 - 0.7 / 3.0, abs=1e-15)


def test_equal_weights_give_kaplan_meier():
    rng = np.random.default_rng(3)
    duration, event = rng.integers(1, 12, 300), rng.random(300) < 0.5
    hazard = cumulative_hazard(duration, event, np.ones(300), kalbfleisch_prentice)
    assert np.exp(-hazard) == pytest.approx(
        metrics.kaplan_meier(Outcome(duration, event)), abs=1e-13
    )


def test_a_month_in_which_everybody_leaves_stays_finite():
    assert kalbfleisch_prentice(np.array([1.0, 0.5]), 1.5) == MAX_HAZARD


def test_the_discrete_baseline_reproduces_the_expected_number_of_losses():
    rng = np.random.default_rng(5)
    duration, event = rng.integers(1, 4, 500), rng.random(500) < 0.6
    weights = rng.lognormal(0, 0.8, 500)
    step = np.diff(cumulative_hazard(duration, event, weights, kalbfleisch_prentice))
    for month in (1, 2, 3):
        left = weights[event & (duration == month)]
        at_risk = weights[duration >= month].sum()
        assert np.sum(left / -np.expm1(-step[month - 1] * left)) == pytest.approx(at_risk)


def test_breslow_is_losses_over_those_at_risk():
    assert breslow(np.array([1.0, 2.0]), 5.0) == pytest.approx(0.4)

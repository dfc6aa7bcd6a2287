"""The quick fit that compares designs, against lifelines' own."""

from dataclasses import replace

import numpy as np
import pytest

from ml.fitting import cox, newton, selection
from tests.ml.examples import tied


@pytest.mark.parametrize("penalty", [0.0, 0.01, 1.0])
@pytest.mark.parametrize("strata", [1, 3])
def test_without_ties_it_is_lifelines_fit(penalty, strata):
    rng = np.random.default_rng(strata)
    names = np.array([f"s{i % strata}" for i in range(300)])
    frame = replace(tied(300), duration=rng.permutation(300) + 1, stratum=names)
    x = rng.normal(size=(300, 4))
    x = (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)  # as lifelines does before it penalises
    penalties = np.full(4, penalty)
    quick = newton.fit(frame, x, penalties)
    theirs = cox.cox(frame, x, penalties)
    assert quick is not None
    assert quick.coefficients == pytest.approx(theirs.coefficients, abs=2e-5)
    assert np.linalg.inv(quick.information) == pytest.approx(theirs.inverse_hessian, rel=0.02)


def test_it_maximises_the_likelihood_it_is_compared_by():
    frame = replace(tied(300), stratum=np.array(["a", "b"] * 150))
    x = np.random.default_rng(0).normal(size=(300, 3))
    quick = newton.fit(frame, x, np.zeros(3))
    assert quick is not None
    best = selection.partial_likelihood(frame, x @ quick.coefficients)
    for shift in np.vstack([np.eye(3), -np.eye(3)]) * 0.02:
        assert selection.partial_likelihood(frame, x @ (quick.coefficients + shift)) < best


def test_what_does_not_settle_gives_none():
    frame = tied(200)
    x = np.random.default_rng(0).normal(size=(200, 1))
    assert newton.fit(frame, np.column_stack([x, x]), np.zeros(2)) is None
    telling = -frame.duration[:, None].astype(np.float64)
    assert newton.fit(frame, telling, np.zeros(1)) is None


def test_steps_that_run_away_until_nobody_is_at_risk_give_none():
    frame = replace(tied(60), stratum=np.array([f"s{i % 6}" for i in range(60)]))
    x = np.random.default_rng(1).normal(size=(60, 50)) * 30
    assert newton.fit(frame, x, np.full(50, 1e-9)) is None


@pytest.mark.parametrize("penalty", [0.001, 0.1])
def test_with_efrons_ties_it_is_lifelines_fit_however_many_leave_in_one_month(penalty):
    frame = replace(tied(400), stratum=np.array(["a", "b"] * 200))
    x = np.random.default_rng(3).normal(size=(400, 5)) + 0.3 * frame.event[:, None]
    x = (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)
    penalties = np.full(5, penalty)
    theirs = cox.cox(frame, x, penalties)
    efron = newton.fit(frame, x, penalties, ties="efron")
    breslow = newton.fit(frame, x, penalties)
    assert efron is not None
    assert breslow is not None
    assert efron.coefficients == pytest.approx(theirs.coefficients, abs=2e-5)
    assert np.linalg.inv(efron.information) == pytest.approx(theirs.inverse_hessian, rel=0.02)
    assert np.abs(breslow.coefficients - theirs.coefficients).max() > 1e-3

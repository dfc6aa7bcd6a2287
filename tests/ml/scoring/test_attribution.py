"""Parts of a change are path integrals: they agree with brute force and leave nothing over."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ml.fitting import fit
from ml.scoring import document, drivers
from ml.scoring.attribution import BASELINE, Rescored, State, shared_out
from ml.scoring.hazards import load
from tests.ml.examples import annual, tied
from tests.ml.scoring.test_score import ANNUAL

logs = st.floats(-6, 1.5)


def brute_force(start, changes, steps=40_000):
    """The integral of −exp(log) · survival along the path, by the midpoint rule."""
    t = (np.arange(steps) + 0.5) / steps
    along = start[:, None] + changes.sum(axis=1)[:, None] * t
    slope = -(np.exp(along) * np.exp(-np.exp(along).sum(axis=0))).mean(axis=1)
    return slope @ changes


@settings(max_examples=60, deadline=None)
@given(
    start=arrays(float, st.integers(1, 3), elements=logs),
    seed=st.integers(0, 10_000),
    columns=st.integers(1, 12),
)
def test_parts_of_a_change_agree_with_brute_force_and_add_up(start, seed, columns):
    changes = np.random.default_rng(seed).normal(0, 0.6, (len(start), columns))
    end = start + changes.sum(axis=1)
    total = np.exp(-np.exp(end).sum()) - np.exp(-np.exp(start).sum())
    shares = shared_out(start, changes, total)
    assert shares.sum() == pytest.approx(total, abs=1e-12)
    assert shares == pytest.approx(brute_force(start, changes), abs=1e-7)


@settings(max_examples=60, deadline=None)
@given(
    parts=arrays(
        float, st.tuples(st.integers(1, 5), st.integers(1, 12)), elements=st.floats(-3, 3)
    ),
    hazard=st.floats(0, 4),
)
def test_drivers_agree_with_brute_force_and_groups_of_them_are_their_sums(parts, hazard):
    """Drivers are the same path integral, from the reference account on."""
    baseline = np.full(len(parts), hazard)
    reference, contributions = drivers.survival_parts([parts], [baseline])
    served = np.exp(-baseline * np.exp(parts.sum(axis=1)))
    assert np.abs(reference + contributions.sum(axis=1) - served).max() < 1e-12
    for row, shares in zip(parts, contributions, strict=True):
        if hazard > 1e-12:
            start = np.log(np.array([hazard]))
            assert shares == pytest.approx(brute_force(start, row[None, :]), abs=1e-6)
        thirds = np.arange(len(row)) % 3
        grouped = np.bincount(thirds, weights=row, minlength=3)[None, :].astype(float)
        _, whole = drivers.survival_parts([grouped], [baseline[:1]])
        assert whole[0] == pytest.approx(
            np.bincount(thirds, weights=shares, minlength=3), abs=1e-12
        )


def test_a_change_that_moves_nothing_at_all_is_the_baselines():
    shares = shared_out(np.array([-2.0]), np.zeros((1, 3)), 1e-18)
    assert shares.tolist() == [0.0, 0.0, 1e-18]


@pytest.fixture(scope="module")
def churn_models():
    return [load(*document.encode(fit.fit(frame))) for frame in (annual().frame(), tied())]


def test_signals_that_did_not_change_have_no_part_even_where_signals_act_together(churn_models):
    for churn_model in churn_models:
        rng = np.random.default_rng(5)
        for _ in range(20):
            rows = [
                {
                    "events_28d": float(rng.lognormal(4, 1)),
                    "seats": float(rng.integers(1, 80)),
                    "plan": str(rng.choice(["basic", "plus", "pro"])),
                    "auto_renew": bool(rng.integers(2)),
                }
                for _ in range(2)
            ]
            rows[1]["plan"] = rows[0]["plan"]
            states = [State(ANNUAL | signals, 300.0, 40.0) for signals in rows]
            both = Rescored(churn_model, states)
            shares = both.parts(0, 1)
            changed = {name for name in rows[0] if rows[0][name] != rows[1][name]}
            assert set(shares) <= changed
            first, second = (forecast.driven for forecast in both.forecasts)
            assert sum(shares.values()) == pytest.approx(second - first, abs=1e-12)


def test_nearer_to_the_renewal_only_the_baseline_has_a_part(churn_models):
    both = Rescored(churn_models[0], [State(ANNUAL, 300.0, day) for day in (200.0, 20.0)])
    assert set(both.parts(0, 1)) <= {BASELINE}

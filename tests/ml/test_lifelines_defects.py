"""Defects of lifelines that the forecast must not inherit; each is shown first, then ours."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter
from lifelines.exceptions import ConvergenceError, ConvergenceWarning

from ml import cox, document, evaluate, model
from ml.baseline import BASELINES, cumulative_hazard
from ml.frame import TrainingRefused
from ml.score import score
from shared.landmark import FeatureRow
from tests.ml.worlds import annual, tied


def test_entry_col_is_ignored_in_the_baseline_so_late_comers_are_rows_of_their_own():
    # One stays from 0; at month 10 three more enter; one of these four leaves at 12.
    table = pd.DataFrame(
        {"x": [0.1, -0.1] * 5, "entry": [0] * 5 + [10] * 5, "duration": [11.0] * 4 + [5] + [12] * 5}
    ).assign(event=[0, 0, 0, 0, 1, 1, 1, 0, 0, 0])
    theirs = CoxPHFitter(penalizer=1e6).fit(table, "duration", "event", entry_col="entry")
    assert float(theirs.baseline_survival_.iloc[-1, 0]) != pytest.approx(
        np.exp(-1 / 5 - 2 / 5), abs=0.05
    )
    duration, event = table["duration"].to_numpy(dtype=np.int64), table["event"].to_numpy(bool)
    early = cumulative_hazard(duration[:5], event[:5], np.ones(5), BASELINES["breslow"])
    late = cumulative_hazard(duration[5:] - 10, event[5:], np.ones(5), BASELINES["breslow"])
    assert early[5] + late[2] == pytest.approx(1 / 5 + 2 / 5)


def test_breslow_overstates_staying_under_ties_and_the_discrete_baseline_does_not():
    rng = np.random.default_rng(0)
    weights = rng.lognormal(0, 1.0, 4_000)
    event = rng.random(4_000) < 1 - np.exp(-0.5 * weights)
    duration = np.ones(4_000, dtype=np.int64)
    expected = {
        name: float(
            np.mean(1 - np.exp(-cumulative_hazard(duration, event, weights, how)[1] * weights))
        )
        for name, how in BASELINES.items()
    }
    assert event.mean() / expected["breslow"] > 1.12
    assert event.mean() / expected["kalbfleisch-prentice"] == pytest.approx(1, abs=0.02)


def test_a_fit_that_does_not_converge_is_an_error_not_a_warning():
    frame = tied(200)
    x = np.random.default_rng(0).normal(size=(200, 1))
    twins = np.column_stack([x, x])
    table = pd.DataFrame(twins, columns=["a", "b"]).assign(
        duration=frame.duration, event=frame.event
    )
    with warnings.catch_warnings():  # which of them comes first depends on the rounding
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", ConvergenceWarning)
        with pytest.raises((ConvergenceWarning, ConvergenceError)):
            CoxPHFitter().fit(table, "duration", "event")
    with pytest.raises(TrainingRefused, match="does not converge"):
        cox.cox(frame, twins, np.zeros(2))


def test_a_fit_that_fails_is_tried_again_with_more_penalty():
    frame = tied(200)
    telling = -frame.duration[:, None].astype(np.float64)  # who leaves first is known exactly
    table = pd.DataFrame(telling, columns=["a"])
    table["duration"], table["event"] = frame.duration, frame.event.astype(int)
    with pytest.warns(ConvergenceWarning):
        CoxPHFitter().fit(table, "duration", "event")
    fitted = cox.cox(frame, telling, np.array([1e-3]))
    assert np.isfinite(fitted.coefficients).all()


def test_with_strata_predictions_come_back_in_another_order_and_ours_do_not():
    frame = annual(150).frame()
    prepared = model.prepared(frame)
    chosen = model.choose(prepared, seed=0)
    matrix = chosen.design.matrix(prepared)
    theirs = cox.cox(prepared, matrix, chosen.penalties).lifelines
    table = pd.DataFrame(matrix, columns=[f"x{i}" for i in range(matrix.shape[1])])
    table["stratum"] = prepared.stratum
    shuffled = table.sample(frac=1, random_state=0)[:300]
    raw = theirs.predict_survival_function(shuffled, times=[12.0])
    assert raw.columns.tolist() != shuffled.index.tolist()
    expected = raw.loc[:, shuffled.index].to_numpy()[0]
    fitted = model.fit(frame, baseline="breslow")
    by_month = evaluate.survival_by_month(evaluate.ready(fitted), frame)[
        shuffled.index.to_numpy(), 12
    ]
    assert np.abs(by_month - expected).max() < 1e-12


def test_conditional_survival_past_the_data_is_certainty_there_and_nothing_here():
    frame = tied()
    table = pd.DataFrame({"x": np.random.default_rng(0).normal(size=400)})
    table["duration"], table["event"] = frame.duration, frame.event.astype(int)
    theirs = CoxPHFitter().fit(table, "duration", "event")
    past = theirs.predict_survival_function(table[:1], times=[24.0], conditional_after=[40.0])
    assert float(past.iloc[0, 0]) == 1.0
    (ours,) = score(
        evaluate.ready(model.fit(frame)),
        [{}],
        elapsed_days=[40 * 30.4375],
        days_to_renewal=[24 * 30.4375],
    )
    assert ours.renewal is None
    assert ours.churn_probability(24 * 30.4375) is None


def test_nan_goes_through_silently_there_and_is_read_as_unknown_here():
    frame = tied()
    table = pd.DataFrame({"x": np.random.default_rng(0).normal(size=400)})
    table["duration"], table["event"] = frame.duration, frame.event.astype(int)
    theirs = CoxPHFitter().fit(table, "duration", "event")
    assert np.isnan(theirs.predict_partial_hazard(pd.DataFrame({"x": [np.nan]})).iloc[0])
    row: FeatureRow = {"seats": float("nan"), "plan": None, "auto_renew": True}
    (ours,) = score(
        evaluate.ready(model.fit(frame)), [row], elapsed_days=[0.0], days_to_renewal=[90.0]
    )
    assert ours.renewal is not None
    assert 0 < ours.renewal.value < 1


def test_a_pickle_holds_the_training_rows_and_the_document_does_not():
    frame = tied(2_000)
    chosen = model.choose(model.prepared(frame), seed=0)
    theirs = cox.cox(frame, chosen.design.matrix(frame), chosen.penalties).lifelines
    content, _ = document.encode(model.fit(frame))
    assert len(pickle.dumps(theirs)) > 100_000
    assert len(content) < 10_000

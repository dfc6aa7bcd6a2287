"""Defects of lifelines that the forecast must not inherit; each is shown first, then ours."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter, CoxTimeVaryingFitter
from lifelines.exceptions import ConvergenceError, ConvergenceWarning, StatError

from ml.fitting import cox, fit
from ml.fitting.baseline import BASELINES, cumulative_hazard
from ml.frames.frame import TrainingRefused
from ml.judging import evaluate
from ml.scoring import document
from ml.scoring.score import score
from ml.table.forecast import fit_table
from ml.table.question import Question
from ml.table.table import table_of
from shared.vocabulary.landmark import FeatureRow
from tests.ml.examples import annual, tied


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
    ours = cox.cox(frame, telling, np.array([1e-3]))
    assert np.isfinite(ours.coefficients).all()


def test_with_strata_predictions_come_back_in_another_order_and_ours_do_not():
    frame = annual(150).frame()
    prepared = fit.prepared(frame)
    chosen = fit.choose(prepared, seed=0)
    matrix = chosen.design.matrix(prepared)
    theirs = cox.cox(prepared, matrix, chosen.penalties).lifelines
    table = pd.DataFrame(matrix, columns=[f"x{i}" for i in range(matrix.shape[1])])
    table["stratum"] = prepared.stratum
    shuffled = table.sample(frac=1, random_state=0)[:300]
    raw = theirs.predict_survival_function(shuffled, times=[12.0])
    assert raw.columns.tolist() != shuffled.index.tolist()
    expected = raw.loc[:, shuffled.index].to_numpy()[0]
    ours = fit.fit(frame, baseline="breslow")
    by_month = evaluate.survival_by_month(evaluate.ready(ours), frame)[
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
        evaluate.ready(fit.fit(frame)),
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
        evaluate.ready(fit.fit(frame)), [row], elapsed_days=[0.0], days_to_renewal=[90.0]
    )
    assert ours.renewal is not None
    assert 0 < ours.renewal.value < 1


def test_a_pickle_holds_the_training_rows_and_the_document_does_not():
    frame = tied(2_000)
    chosen = fit.choose(fit.prepared(frame), seed=0)
    theirs = cox.cox(frame, chosen.design.matrix(frame), chosen.penalties).lifelines
    content, _ = document.encode(fit.fit(frame))
    assert len(pickle.dumps(theirs)) > 100_000
    assert len(content) < 10_000


def plain(frame):
    """A table as lifelines wants it, of one covariate that says nothing."""
    table = pd.DataFrame({"x": np.random.default_rng(0).normal(size=len(frame))})
    table["duration"], table["event"] = frame.duration, frame.event.astype(int)
    return table


def test_late_comers_of_a_table_leave_its_survival_right():
    rng = np.random.default_rng(0)
    since, left = rng.uniform(0, 24, 6_000), rng.exponential(20, 6_000)
    rows = pd.DataFrame({"x": rng.normal(size=6_000), "since": since})
    rows["until"] = np.minimum(left, 36.0)
    rows["lost"] = left < 36
    rows = rows[left > since].reset_index(drop=True)
    theirs = CoxPHFitter().fit(rows, "until", "lost", entry_col="since")
    survival = float(theirs.predict_survival_function(rows[:1], times=[12.0]).iloc[0, 0])
    assert abs(survival - np.exp(-12 / 20)) > 0.1

    table = table_of(rows, Question("until", "lost", entry="since"), "late")
    ours = fit_table(table).forecast(table, np.array([11.99])).survival[:, 0]
    assert ours.mean() == pytest.approx(np.exp(-12 / 20), abs=0.02)


def test_a_spline_baseline_breaks_on_monthly_ties_and_is_not_offered():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = plain(tied())
        likelihood = {
            knots: CoxPHFitter(baseline_estimation_method="spline", n_baseline_knots=knots)
            .fit(table, "duration", "event")
            .log_likelihood_
            for knots in (2, 4)
        }
    assert likelihood[4] < 2 * likelihood[2]  # more knots, and a fit that is far worse
    assert set(BASELINES) == {"kalbfleisch-prentice", "breslow"}


def test_an_unseen_stratum_raises_there_and_borrows_here():
    table = plain(tied()).assign(stratum=["a", "b"] * 200)
    theirs = CoxPHFitter().fit(table, "duration", "event", strata=["stratum"])
    with pytest.raises(StatError, match="not found in the original training data"):
        theirs.predict_survival_function(table[:1].assign(stratum="c"))
    frame = annual(150).frame()
    model = evaluate.ready(fit.fit(frame))
    unseen = frame.take(np.array([0]))
    unseen.stratum[:] = "of another kind"
    assert 0 < evaluate.survival_by_month(model, unseen)[0, 12] < 1


def test_times_between_steps_are_interpolated_there_and_keep_the_step_in_a_table():
    rows = plain(tied())
    theirs = CoxPHFitter().fit(rows, "duration", "event")
    third, between, fourth = theirs.predict_survival_function(rows[:1], times=[3, 3.5, 4]).iloc[
        :, 0
    ]
    assert fourth < between < third
    table = table_of(rows, Question("duration", "event"), "tied")
    at = fit_table(table).forecast(table, np.array([3.0, 3.5, 4.0])).survival
    assert (at[:, 0] == at[:, 1]).all()
    assert (at[:, 2] < at[:, 1]).all()


def test_rows_over_time_have_no_survival_there_and_a_panel_has_here():
    assert not hasattr(CoxTimeVaryingFitter, "predict_survival_function")
    rng = np.random.default_rng(0)
    until = np.ceil(rng.exponential(8, 300)).clip(1, 12)
    who, week = np.repeat(np.arange(300), 12), np.tile(np.arange(12), 300)
    rows = pd.DataFrame({"who": who, "week": week, "use": rng.normal(size=3_600)})
    rows["until"], rows["gone"] = until[who], until[who] < 12
    rows = rows[rows["week"] < rows["until"]]
    table = table_of(rows, Question("until", "gone", subject="who", time="week"), "panel")
    survival = fit_table(table).forecast(table, np.array([1.0, 4.0])).survival
    assert ((survival > 0) & (survival < 1)).all()


def test_what_accounts_move_coefficients_by_is_lifelines_clustered_variance():
    frame = tied(300)
    frame.account[:] = frame.account // 3
    x = np.random.default_rng(1).normal(size=(300, 2))
    ours = cox.cox(frame, x, np.zeros(2))
    influence = cox.influence(frame, x, ours)
    table = pd.DataFrame(x, columns=["a", "b"]).assign(account=frame.account)
    table["duration"], table["event"] = frame.duration, frame.event.astype(int)
    theirs = CoxPHFitter().fit(table, "duration", "event", cluster_col="account")
    errors = np.sqrt((influence**2).sum(axis=0))
    assert errors == pytest.approx(theirs.standard_errors_.to_numpy(), rel=0.1)

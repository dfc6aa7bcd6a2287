"""The fit: repeatable, close to known truth, and refused where data cannot carry it."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from ml.fitting import cox, fit, selection
from ml.frames.frame import Frame, TrainingRefused
from ml.judging import evaluate, gate
from ml.scoring import document, score
from ml.training import release
from ml.training.train import packed
from shared.vocabulary.landmark import FeatureRow
from tests.ml.examples import annual, rows_of, tied


def few(frame: Frame, losses: int) -> Frame:
    event = frame.event.copy()
    event[np.flatnonzero(event)[losses:]] = False
    return replace(frame, event=event)


def renewals(forecasts: list[score.Forecast]) -> list[float]:
    return [forecast.renewal.value for forecast in forecasts if forecast.renewal]


def test_the_same_rows_and_seed_give_the_same_bytes():
    first, second = (document.encode(fit.fit(tied(), seed=3)) for _ in range(2))
    assert first == second
    versions = {packed(fit.fit(tied(), seed=3), datetime.now(UTC)).version for _ in range(2)}
    assert len(versions) == 1
    assert document.encode(fit.fit(tied(seed=9), seed=3)) != first


def test_renewal_chances_are_close_to_the_truth_that_made_the_data():
    world = annual(900, seed=5)
    model = evaluate.ready(fit.fit(world.frame()))
    rows: list[FeatureRow] = [
        {
            "contract_term_months": 12.0,
            "events_28d": float(np.exp(4 + health)),
            "active_members_28d": 5.0,
            "account_age_days": 500.0,
            "segment_label": "large",
        }
        for health in (-1.5, 0.0, 1.5)
    ]
    forecasts = score.score(model, rows, elapsed_days=[0.0] * 3, days_to_renewal=[20.0] * 3)
    truth = [1 - 1 / (1 + np.exp(2 + 1.2 * health)) for health in (-1.5, 0.0, 1.5)]
    # signals are noisy: an account is rightly taken to be nearer to the mean than they say
    assert renewals(forecasts) == pytest.approx(truth, abs=0.11)


def test_scores_of_a_frame_are_what_the_evaluation_judges():
    frame = annual(150).frame()
    model = evaluate.ready(fit.fit(frame))
    by_month = evaluate.survival_by_month(model, frame)
    days = [float(d) for d in frame.columns["days_to_renewal"].tolist()]
    forecasts = score.score(
        model, rows_of(frame), elapsed_days=[0.0] * len(frame), days_to_renewal=days
    )
    months = [int(name[1:]) for name in frame.stratum.tolist()]
    expected = by_month[np.arange(len(frame)), months]
    assert np.abs(np.array(renewals(forecasts)) - expected).max() < 1e-12


def test_the_sandwich_is_the_one_of_lin_and_wei_written_out():
    frame = tied(120)
    x = np.random.default_rng(0).normal(size=(120, 3))
    model = cox.cox(frame, x, np.zeros(3))
    eta = x @ model.coefficients
    risk, scores = np.exp(eta), np.zeros((120, 3))

    def mean(month: int):
        at_risk = frame.duration >= month
        return (risk[at_risk, None] * x[at_risk]).sum(axis=0) / risk[at_risk].sum()

    for i in range(120):
        if frame.event[i]:
            scores[i] += x[i] - mean(frame.duration[i])
        for j in np.flatnonzero(frame.event & (frame.duration <= frame.duration[i])):
            at_risk = risk[frame.duration >= frame.duration[j]].sum()
            scores[i] -= risk[i] * (x[i] - mean(frame.duration[j])) / at_risk
    expected = model.inverse_hessian @ scores.T @ scores @ model.inverse_hessian
    influence = cox.influence(frame, x, model)
    assert influence.T @ influence == pytest.approx(expected, abs=1e-12)


def test_seeing_each_account_twice_does_not_make_the_model_surer():
    once = tied(200)
    rows = np.repeat(np.arange(200), 2)
    twice = once.take(rows)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 2))
    alone = cox.cox(once, x, np.zeros(2))
    doubled = cox.cox(twice, x[rows], np.zeros(2))
    first, second = cox.influence(once, x, alone), cox.influence(twice, x[rows], doubled)
    assert np.diag(second.T @ second) == pytest.approx(np.diag(first.T @ first), rel=0.15)
    assert np.diag(doubled.inverse_hessian)[0] < 0.6 * np.diag(alone.inverse_hessian)[0]


def test_folds_keep_an_account_together():
    account = np.repeat(np.arange(50), 7)
    fold = selection.folds(account, 3, seed=1)
    assert all(len(np.unique(fold[account == a])) == 1 for a in range(50))
    assert np.bincount(fold).min() > 90


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (tied().take(np.array([], dtype=np.int64)), "nothing to train on"),
        (few(tied(), 0), "no account of 400 has churned yet"),
        (replace(tied(), event=np.ones(400, dtype=bool)), "every one of 400 accounts churned"),
        (few(tied(), 19), "only 19 of 400 accounts have churned; .* at least 20"),
        (replace(tied(), duration=np.arange(400) - 1), "end before their landmark"),
        (replace(tied(), columns={"same": np.full(400, "x", dtype=object)}), "no signal differs"),
        (replace(tied(), columns={}), "no signal differs"),
    ],
    ids=["empty", "all stayed", "all left", "too few", "label before landmark", "constant", "none"],
)
def test_what_cannot_carry_a_model_is_refused_in_a_sentence(frame, why):
    with pytest.raises(TrainingRefused, match=why):
        fit.fit(frame)


def test_a_column_of_nan_is_left_out_and_the_rest_is_fitted():
    frame = tied()
    empty = np.full(400, np.nan, dtype=object)
    model = fit.fit(replace(frame, columns={**frame.columns, "empty": empty}))
    assert "empty: left out, it is never known" in model.notes


def test_metrics_that_are_no_numbers_do_not_break_the_document():
    model = fit.fit(tied(), metrics={"c_index": 0.7, "auc_3m": float("nan")})
    assert evaluate.ready(model).document.metrics == {"c_index": 0.7}


def test_just_enough_losses_are_judged_and_fitted():
    judgement = release.judge(few(tied(), 20), None, 0)
    assert 0 < judgement.figures["c_index"] < 1
    with pytest.raises(TrainingRefused, match="only 19 of 400"):
        release.judge(few(tied(), 19), None, 0)


def test_held_out_figures_come_from_accounts_not_trained_on():
    frame = annual(300).frame()
    is_out = gate.held_out(frame.account)
    assert not set(frame.account[~is_out].tolist()) & set(frame.account[is_out].tolist())
    assert 0 < is_out.sum() < len(frame)

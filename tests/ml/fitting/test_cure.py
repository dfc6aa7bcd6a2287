"""Accounts that never leave: the mixture's formula, its fit, when it serves, and what it says."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.fitting import cure_fit
from ml.fitting.cure_selection import cured
from ml.fitting.design import learn
from ml.fitting.fit import fit
from ml.fitting.refit import refitted
from ml.fitting.selection import Candidate
from ml.frames.frame import Frame, one_stratum
from ml.judging import evaluate
from ml.scoring import document, effects
from ml.scoring.attribution import BASELINE, Rescored, State
from ml.scoring.cure import cumulative_hazard
from ml.scoring.document import FORMAT, MIXED, Cure, ModelUnreadable, decode, encode
from ml.scoring.hazards import clock_of
from ml.scoring.renewal_clock import MONTH_DAYS
from ml.scoring.score import score
from ml.table.judge import compare, ours
from ml.table.question import SAAS, SAAS_FILE
from ml.table.table import read_table
from shared.vocabulary.landmark import FeatureRow
from tests.ml.examples import rows_of, tied

SLOPES = np.array([2.0, -1.0])
INTERCEPT = -0.5
MONTHS = 10


def mixed(rows: int = 1_200, seed: int = 0, pace: float = 0.0) -> Frame:
    """Who leaves at all is decided by two signals; when, by chance alone unless `pace` says so."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 2))
    eta = x @ SLOPES
    leaves = rng.random(rows) < 1 / (1 + np.exp(-(INTERCEPT + eta)))
    when = np.ceil(rng.exponential(3.0 * np.exp(-pace * eta))).astype(np.int64)
    left = np.where(leaves, when, 1_000)
    followed = rng.integers(3, MONTHS + 1, rows)
    return Frame(
        clock="start",
        columns={"first": x[:, 0].astype(object), "second": x[:, 1].astype(object)},
        duration=np.minimum(left, followed),
        event=left <= followed,
        stratum=one_stratum(rows),
        account=np.arange(rows),
        data_from=date(2025, 1, 1),
        data_to=date(2026, 1, 1),
    )


@pytest.fixture(scope="module")
def cure_model():
    return fit(mixed())


@given(st.floats(-6, 6), st.floats(0, 2), st.floats(0, 40), st.floats(-6, 6), st.floats(-6, 6))
def test_the_hazard_is_minus_log_survival_and_rises_with_time_and_odds(
    a, pace, latency, first, second
):
    cure, eta = Cure(a, pace), np.sort(np.array([first, second]))
    hazard = cumulative_hazard(cure, np.array(latency), eta)
    ever = 1 / (1 + np.exp(-(a + eta)))
    stays = 1 - ever * (1 - np.exp(-latency * np.exp(pace * eta)))
    assert np.exp(-hazard) == pytest.approx(stays, abs=1e-12)
    assert hazard[0] <= hazard[1] + 1e-12
    assert (cumulative_hazard(cure, np.array(latency + 1), eta) >= hazard).all()
    assert cumulative_hazard(cure, np.array(0.0), eta).tolist() == [0.0, 0.0]


def test_where_few_ever_leave_hazards_are_proportional():
    rare = Cure(-12.0, 0.0)
    low, high = cumulative_hazard(rare, np.array(0.7), np.array([0.0, 1.5]))
    assert high / low == pytest.approx(np.exp(1.5), rel=1e-4)


def test_the_slopes_of_the_likelihood_are_its_differences():
    frame = mixed(200, pace=0.5)
    matrix = learn(frame).matrix(frame)
    likelihood = cure_fit.Likelihood.of(frame, matrix, np.full(matrix.shape[1], 0.01))
    at = likelihood.start() + np.random.default_rng(0).normal(0, 0.1, len(likelihood.start()))
    at[1 + matrix.shape[1]] = 0.4
    slope = likelihood.value(at)[1]
    for place in range(len(at)):
        step = np.zeros(len(at))
        step[place] = 1e-6
        up, down = likelihood.value(at + step)[0], likelihood.value(at - step)[0]
        assert slope[place] == pytest.approx((up - down) / 2e-6, abs=1e-7)
    ridge = np.zeros(len(at))
    ridge[1 : 1 + matrix.shape[1]] = likelihood.ridge * at[1 : 1 + matrix.shape[1]]
    rows = likelihood.scores(at, slice(None)).sum(axis=0)
    assert -(rows - ridge) / len(frame) == pytest.approx(slope, abs=1e-12)


@pytest.mark.parametrize("pace", [0.0, 0.5])
def test_a_planted_mixture_is_found_again(pace):
    frame = mixed(4_000, seed=3, pace=pace)
    design = learn(frame)
    straight = replace(design, terms=tuple(t for t in design.terms if t.kind == "linear"))
    settled = cure_fit.fit(frame, straight.matrix(frame), np.full(2, 1e-6))
    assert settled is not None
    mixture, doubt = settled.mixture, settled.doubt()
    assert doubt is not None
    scale = np.array([term.scale for term in straight.terms])
    error = np.sqrt(np.diag(doubt.variance))
    assert np.abs(mixture.coefficients - SLOPES * scale).max() < 3 * error.max()
    assert mixture.cure.pace == pytest.approx(pace, abs=0.1)
    assert mixture.cure.log_odds == pytest.approx(INTERCEPT, abs=0.35)


def test_standard_errors_are_the_spread_over_worlds():
    estimates, variances = [], []
    for seed in range(60):
        frame = mixed(800, seed=seed, pace=0.5)
        matrix = np.stack([np.array(c, dtype=float) for c in frame.columns.values()], axis=1)
        settled = cure_fit.fit(frame, matrix, np.full(2, 1e-6))
        doubt = settled.doubt() if settled else None
        assert settled is not None
        assert doubt is not None
        mixture = settled.mixture
        reference = cumulative_hazard(mixture.cure, mixture.latency, np.array(0.0))
        estimates.append([*mixture.coefficients, np.log(reference[3])])
        variances.append([*np.diag(doubt.variance), doubt.spread[3]])
    ratio = np.sqrt(np.mean(variances, axis=0)) / np.std(estimates, axis=0)
    assert (ratio > 0.75).all()
    assert (ratio < 1.33).all()


def test_held_out_rows_choose_the_mixture_where_some_never_leave_and_only_there(cure_model):
    assert cure_model.causes[0].cure is not None
    assert any(note.startswith("some are never lost") for note in cure_model.notes)
    plain = fit(tied(800))
    assert plain.causes[0].cure is None
    assert plain.format == FORMAT


def test_landmarks_few_losses_and_many_rows_an_account_never_have_a_mixture():
    frame = mixed(400)
    chosen = Candidate(learn(frame), 0.01)
    few = replace(frame, event=frame.event & (np.arange(400) < 80))
    assert 0 < few.lost < 60
    for other in (
        replace(frame, clock="landmark"),
        replace(frame, account=np.arange(400) // 2),
        few,
    ):
        assert cured(other, chosen, seed=0) is None


def test_a_mixture_has_a_format_of_its_own_and_the_same_bytes_each_time(cure_model):
    content, checksum = encode(cure_model)
    assert decode(content, checksum) == cure_model
    assert cure_model.format == MIXED != FORMAT
    assert encode(fit(mixed())) == (content, checksum)
    assert refitted(cure_model, mixed()) is None
    later = content.replace(MIXED.encode(), b"tenure.forecast/9")
    with pytest.raises(ModelUnreadable, match="forecast/9"):
        decode(later, document.sha256(later).hexdigest())


def test_scores_are_the_mixture_s_own_survival_given_the_time_already_survived(cure_model):
    frame = mixed(60, seed=9)
    model = evaluate.ready(cure_model)
    whole = evaluate.survival_by_month(model, frame)
    for survived in (0, 2):
        forecasts = score(
            model,
            rows_of(frame),
            elapsed_days=[survived * MONTH_DAYS] * 60,
            days_to_renewal=[None] * 60,
        )
        for i, forecast in enumerate(forecasts):
            churn = forecast.churn_probability(4 * MONTH_DAYS)
            assert churn is not None
            expected = 1 - whole[i, survived + 4] / whole[i, survived]
            assert churn.value == pytest.approx(expected, abs=1e-9)
            assert churn.low <= churn.value <= churn.high


def test_parts_and_reference_add_up_to_the_probability(cure_model):
    frame = mixed(60, seed=4)
    days = [float(d) for d in np.linspace(20, 280, 60)]
    forecasts = score(
        evaluate.ready(cure_model), rows_of(frame), elapsed_days=[0.0] * 60, days_to_renewal=days
    )
    for forecast in forecasts:
        total = forecast.reference + sum(driver.contribution for driver in forecast.drivers)
        assert total == pytest.approx(forecast.driven, abs=1e-9)
        assert forecast.renewal is not None
        assert forecast.driven == pytest.approx(forecast.renewal.value, abs=1e-9)


def test_the_account_at_the_means_has_no_parts(cure_model):
    means: FeatureRow = {f.name: f.fill for f in cure_model.features}
    (forecast,) = score(
        evaluate.ready(cure_model), [means], elapsed_days=[0.0], days_to_renewal=[100.0]
    )
    assert abs(forecast.driven - forecast.reference) < 0.2
    assert sum(d.contribution for d in forecast.drivers) == pytest.approx(
        forecast.driven - forecast.reference
    )


def test_next_to_the_reference_account_parts_are_exact_as_well(cure_model):
    model = evaluate.ready(cure_model)
    (cause,) = model.causes
    eta = np.array([0.0, 1e-12, -1e-8, 1e-6, -1e-5, 1e-4, 1e-3])
    nothing: list[float | None] = [None] * len(eta)
    clock = clock_of(model, {}, nothing, nothing)
    days = np.full((len(eta), 1), 120.0)
    own, reference = (clock.hazard(cause, days, at)[:, 0] for at in (eta, 0 * eta))
    parts = eta * clock.stretch(cause, days, eta)
    assert reference * np.exp(parts) == pytest.approx(own, rel=1e-12)


def test_a_change_between_two_days_adds_up_and_time_has_the_baseline_s_part(cure_model):
    here: FeatureRow = {"first": 0.5, "second": -0.5}
    there: FeatureRow = {"first": -1.0, "second": -0.5}
    states = [State(here, 30.0, 200.0), State(there, 60.0, 170.0), State(here, 60.0, 170.0)]
    days = Rescored(evaluate.ready(cure_model), states)
    parts = days.parts(0, 1)
    assert set(parts) == {"first", BASELINE}
    total = days.forecasts[1].driven - days.forecasts[0].driven
    assert sum(parts.values()) == pytest.approx(total, abs=1e-9)
    assert set(days.parts(0, 2)) == {BASELINE}
    assert set(days.parts(2, 1)) == {"first"}


def test_ratios_are_those_of_cumulative_hazards_over_all_the_time_known(cure_model):
    model = evaluate.ready(cure_model)
    (cause,) = model.causes
    last = np.array(cure_model.causes[0].strata["all"].cumulative_hazard[-1])
    for effect in effects.ratios(model):
        feature = next(f for f in cure_model.features if f.name == effect.feature)
        other = next(f for f in cure_model.features if f.name != effect.feature)
        hazards = []
        for value in (effect.start, effect.end):
            columns = {
                feature.name: np.array([value], dtype=object),
                other.name: np.array([other.fill], dtype=object),
            }
            own = [f for f in cure_model.features if f.name == feature.name]
            terms = [t for t in cure_model.terms if t.feature == feature.name]
            at = [i for i, t in enumerate(cure_model.terms) if t.feature == feature.name]
            row = effects.design(columns, own, terms)[0]
            hazards.append(cause.own(last, row @ cause.coefficients[at])[0])
        assert effect.ratio == pytest.approx(hazards[1] / hazards[0], rel=1e-9)
        assert effect.low < effect.ratio < effect.high


def test_the_first_of_five_splits_of_saas_churn_comes_out_as_it_always_did():
    (first,) = compare(read_table(SAAS_FILE, SAAS), {"ours": ours}, range(1)).values()
    assert first["ibs"] == pytest.approx([0.0482], abs=5e-4)


@pytest.mark.long
def test_saas_churn_held_out_error_reaches_what_was_promised():
    figures = compare(read_table(SAAS_FILE, SAAS), {"ours": ours}, range(5))["ours"]
    assert np.mean(figures["ibs"]) <= 0.060

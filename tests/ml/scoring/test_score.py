"""Scoring: equal to lifelines, additive, honest about what it cannot say, numpy alone."""

import subprocess
import sys
from dataclasses import replace
from hashlib import sha256

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.fitting import cox, fit, selection
from ml.scoring import document, drivers, score
from ml.scoring.document import ForecastModel, ModelTampered, ModelUnreadable
from ml.scoring.hazards import ChurnModel, load
from ml.scoring.renewal_clock import MONTH_DAYS
from ml.scoring.score import Forecast
from shared.vocabulary.errors import InvalidInput
from shared.vocabulary.landmark import FeatureRow
from tests.ml.examples import annual, rows_of, tied


@pytest.fixture(scope="module")
def starting() -> ForecastModel:
    return fit.fit(tied())


@pytest.fixture(scope="module")
def renewing() -> ForecastModel:
    return fit.fit(annual().frame())


def ready(model: ForecastModel) -> ChurnModel:
    return load(*document.encode(model))


def score_one(
    churn_model: ChurnModel, row=None, *, elapsed=0.0, renewal: float | None = None
) -> Forecast:
    (forecast,) = score.score(
        churn_model, [row or {}], elapsed_days=[elapsed], days_to_renewal=[renewal]
    )
    return forecast


def churn(forecast: Forecast, month: int) -> float:
    chance = forecast.churn_probability(month * MONTH_DAYS)
    assert chance
    return chance.value


ANNUAL: FeatureRow = {"contract_term_months": 12.0, "events_28d": 60.0, "account_age_days": 300.0}


def test_with_breslow_it_equals_lifelines_own_prediction_to_1e_12():
    frame = tied()
    model = fit.fit(frame, baseline="breslow")
    chosen = selection.choose(fit.prepared(frame), seed=0)
    matrix = chosen.design.matrix(frame)
    theirs = cox.cox(frame, matrix, chosen.penalties).lifelines
    months = np.arange(1, 10)
    x = pd.DataFrame(matrix, columns=[f"x{i}" for i in range(matrix.shape[1])])
    expected = theirs.predict_survival_function(x, times=months).loc[:, x.index].to_numpy().T
    forecasts = score.score(
        ready(model),
        rows_of(frame),
        elapsed_days=[0.0] * len(frame),
        days_to_renewal=[None] * len(frame),
    )
    ours = np.array([[churn(f, month) for month in months.tolist()] for f in forecasts])
    assert np.abs(1 - ours - expected).max() < 1e-12


def test_drivers_and_reference_add_up_to_the_renewal_probability(renewing):
    rng = np.random.default_rng(0)
    rows = [ANNUAL | {"events_28d": float(e)} for e in rng.lognormal(4, 1, 200)]
    days = rng.integers(1, 366, 200).astype(float).tolist()
    for forecast in score.score(
        ready(renewing), rows, elapsed_days=[0.0] * 200, days_to_renewal=days
    ):
        total = forecast.reference + sum(driver.contribution for driver in forecast.drivers)
        assert forecast.renewal is not None
        assert total == pytest.approx(forecast.renewal.value, abs=1e-9)
        assert forecast.renewal.low <= forecast.renewal.value <= forecast.renewal.high


def test_drivers_add_up_when_the_account_is_the_reference_itself():
    parts = np.array([[0.0, 0.0], [0.5, -0.5], [1e-14, 0.0], [2.0, -1.0]])
    hazard = np.full(4, 0.3)
    reference, contributions = drivers.survival_parts([parts], [hazard])
    survival = np.exp(-hazard * np.exp(parts.sum(axis=1)))
    assert np.abs(reference + contributions.sum(axis=1) - survival).max() < 1e-15
    assert contributions[1, 0] == pytest.approx(0.5 * -0.3 * np.exp(-0.3))  # the limit of the slope


def test_less_use_lowers_the_renewal_probability_and_is_named_for_it(renewing):
    quiet = score_one(ready(renewing), ANNUAL | {"events_28d": 4.0}, renewal=40.0)
    busy = score_one(ready(renewing), ANNUAL | {"events_28d": 900.0}, renewal=40.0)
    assert quiet.renewal is not None
    assert busy.renewal is not None
    assert quiet.renewal.value < busy.renewal.value
    driver = next(d for d in quiet.drivers if d.feature == "events_28d")
    assert (driver.direction, driver.label, driver.source, driver.value) == (
        "LOWERS",
        "Events (28 days)",
        "usage",
        4.0,
    )


def test_the_renewal_is_a_step_on_its_day(renewing):
    forecast = score_one(ready(renewing), ANNUAL, renewal=100.0)
    before, at, after = (forecast.churn_probability(day) for day in (99, 100, 110))
    assert forecast.renewal is not None
    assert before is not None
    assert at is not None
    assert after is not None
    assert before.value < 0.02
    assert at.value == pytest.approx(1 - forecast.renewal.value, abs=1e-12)
    assert at.low == pytest.approx(1 - forecast.renewal.high, abs=1e-12)
    assert after.value == pytest.approx(at.value, abs=0.02)


@pytest.mark.parametrize("days", [0, 28, 31, 59, 92, 181, 184, 215, 245, 334, 365, 366])
def test_every_renewal_within_a_year_gets_a_number(renewing, days):
    forecast = score_one(ready(renewing), ANNUAL, renewal=float(days))
    assert forecast.renewal is not None
    assert 0 < forecast.renewal.value < 1


def test_a_renewal_beyond_what_the_data_can_speak_for_gets_none(renewing):
    forecast = score_one(ready(renewing), ANNUAL | {"contract_term_months": 24.0}, renewal=500.0)
    assert forecast.renewal is None
    assert forecast.horizon_days == 365
    assert forecast.driver_days == pytest.approx(365, abs=1)
    assert forecast.churn_probability(365) is not None
    assert forecast.churn_probability(400) is None


@pytest.mark.parametrize("days", [1e22, float("inf"), 4e6, -1e300])
def test_days_beyond_the_calendar_are_refused_by_name(renewing, starting, days):
    for churn_model in (renewing, starting):
        with pytest.raises(InvalidInput, match=r"days_to_renewal.*at most 3,652,059 days"):
            score_one(ready(churn_model), ANNUAL, renewal=days)
    with pytest.raises(InvalidInput, match="elapsed_days"):
        score_one(ready(starting), ANNUAL, elapsed=days)


def test_a_contract_to_the_calendars_end_and_days_that_are_no_number_get_a_forecast(
    renewing, starting
):
    for churn_model in (renewing, starting):
        for days in (2_900_000.0, float("nan"), None):
            assert score_one(ready(churn_model), ANNUAL, renewal=days).renewal is None
    unknown, fresh = (score_one(ready(starting), elapsed=d) for d in (float("nan"), 0.0))
    assert unknown == fresh


def test_on_the_start_clock_chances_are_conditional_on_the_time_survived(starting):
    churn_model = ready(starting)
    row = {"plan": "basic", "seats": 20.0, "auto_renew": True}
    fresh, later = score_one(churn_model, row), score_one(churn_model, row, elapsed=3 * MONTH_DAYS)
    both, first = (fresh.churn_probability(m * MONTH_DAYS) for m in (5, 3))
    then = later.churn_probability(2 * MONTH_DAYS)
    assert both is not None
    assert first is not None
    assert then is not None
    assert 1 - then.value == pytest.approx((1 - both.value) / (1 - first.value), abs=1e-12)


def test_accounts_older_than_the_data_are_read_at_its_end_and_a_year_on(starting):
    forecast = score_one(ready(starting), elapsed=5_000.0, renewal=300.0)
    assert forecast.horizon_days == 365
    assert forecast.renewal is not None
    assert score_one(ready(starting), elapsed=5_000.0, renewal=500.0).renewal is None


def test_what_training_never_saw_is_flagged_and_read_as_the_reference(starting):
    churn_model = ready(starting)
    familiar = {
        "plan": churn_model.document.features[1].reference,
        "seats": 20.0,
        "auto_renew": True,
    }
    assert [f.name for f in churn_model.document.features] == ["auto_renew", "plan", "seats"]
    usual, strange = (
        score_one(churn_model, familiar),
        score_one(churn_model, familiar | {"plan": "platinum"}),
    )
    assert strange.log_hazard_ratio == pytest.approx(usual.log_hazard_ratio)
    assert (usual.unlike_training, strange.unlike_training) == ((), ("plan",))
    assert score_one(churn_model, familiar | {"seats": 1e12}).unlike_training == ("seats",)


@pytest.mark.parametrize("seats", [None, float("nan"), float("inf"), "many"])
def test_an_unknown_number_gives_a_forecast_not_a_nan(starting, seats):
    forecast = score_one(ready(starting), {"plan": "basic", "seats": seats, "auto_renew": None})
    assert np.isfinite(forecast.log_hazard_ratio)
    assert 0 < forecast.driven < 1


def test_a_row_without_any_signal_still_gets_a_forecast(renewing):
    assert 0 < score_one(ready(renewing), {}, renewal=None).driven < 1


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), rows=st.integers(2, 80))
def test_a_row_is_scored_to_the_same_bits_alone_and_among_others(renewing, seed, rows):
    """What was served in a batch of hundreds must come out again when one score is replayed."""
    churn_model, rng = ready(renewing), np.random.default_rng(seed)
    signals = [ANNUAL | {"events_28d": float(e)} for e in rng.lognormal(4, 1, rows)]
    days = [None, *rng.uniform(-5, 500, rows - 1).tolist()]
    together = score.score(churn_model, signals, elapsed_days=[0.0] * rows, days_to_renewal=days)
    for row, day, forecast in zip(signals, days, together, strict=True):
        assert score_one(churn_model, row, renewal=day) == forecast
    assert score.score(churn_model, [], elapsed_days=[], days_to_renewal=[]) == []


def test_a_cut_or_changed_document_is_refused(starting):
    content, checksum = document.encode(starting)
    with pytest.raises(ModelTampered):
        load(content[:-10], checksum)
    with pytest.raises(ModelTampered):
        load(content.replace(b'"seed":0', b'"seed":1'), checksum)
    with pytest.raises(ModelUnreadable):
        load(b"{}", sha256(b"{}").hexdigest())
    cut = content[: len(content) // 2]
    with pytest.raises(ModelUnreadable):
        load(cut, sha256(cut).hexdigest())


def test_a_foreign_format_changed_features_or_missing_parts_are_refused(starting):
    other = msgspec.structs.replace(starting, format="tenure.forecast/99")
    with pytest.raises(ModelUnreadable, match="99"):
        ready(other)
    fewer = msgspec.structs.replace(starting, features=starting.features[1:])
    with pytest.raises(ModelTampered):
        ready(fewer)
    (only,) = starting.causes
    fewer_terms = msgspec.structs.replace(only, coefficients=only.coefficients[1:])
    shorter = msgspec.structs.replace(starting, causes=(fewer_terms,))
    with pytest.raises(ModelUnreadable):
        ready(shorter)


def test_scoring_loads_neither_pandas_nor_lifelines_nor_scipy():
    program = (
        "import sys, ml.scoring.score\n"
        "heavy = {'pandas', 'lifelines', 'scipy', 'sklearn', 'matplotlib', 'pickle5'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_curve_read_back_gives_what_the_model_gives(renewing):
    forecast = score_one(ready(renewing), ANNUAL, renewal=77.0)
    stored = [replace(point) for point in forecast.curve]
    assert score.churn_within(stored, 250.0) == forecast.churn_probability(250.0)
    survivals = [point.survival.value for point in forecast.curve]
    assert survivals[0] == 1.0
    assert survivals == sorted(survivals, reverse=True)

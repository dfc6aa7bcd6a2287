"""Later time in the report: only what was known by an origin is fitted to, what followed judges."""

from dataclasses import replace

import numpy as np
import pytest
from msgspec import structs

from ml.fitting.fit import fit, fit_strata
from ml.fitting.refit import refitted
from ml.fitting.selection import known_by
from ml.frames.frame import Frame
from ml.frames.landmarks import followed_to, months_before
from ml.judging import evaluate
from ml.judging.evidence import gathered
from ml.judging.gate import held_out
from ml.reporting.caveats import limits_of
from ml.reporting.report import report
from ml.scoring.document import ForecastModel
from ml.training.origins import rolling
from ml.training.reference import while_growing
from tests.ml.examples import DATA_TO, NOON, annual, tied


@pytest.fixture(scope="module")
def frame() -> Frame:
    return annual(1_200, seed=4).frame()


@pytest.fixture(scope="module")
def model(frame: Frame) -> ForecastModel:
    return fit(frame)


def test_the_recipe_fitted_to_the_same_rows_is_the_model_again(frame, model):
    again = refitted(model, frame)
    assert again is not None
    for old, new in zip(model.causes, again.causes, strict=True):
        assert new.coefficients == pytest.approx(old.coefficients, abs=0.02)
        for name, stratum in old.strata.items():
            assert new.strata[name].cumulative_hazard == pytest.approx(
                stratum.cumulative_hazard, rel=0.03, abs=1e-4
            )
    both = [evaluate.survival_by_month(evaluate.ready(each), frame) for each in (model, again)]
    assert np.abs(both[0] - both[1]).max() < 0.01


def test_what_happened_after_a_day_changes_nothing_that_is_fitted_before_it(frame, model):
    day = months_before(DATA_TO, 14).toordinal()
    later = frame.day + frame.duration * 30.4375 > day + 3
    turned = replace(frame, event=np.where(later, ~frame.event, frame.event))
    plain, other = (refitted(model, known_by(some, day)[0]) for some in (frame, turned))
    assert plain == other
    assert (known_by(frame, day)[0].day < day).all()
    changed = np.where(later, np.minimum(frame.duration + 1, 12), frame.duration)
    past, _ = known_by(replace(frame, duration=np.where(frame.event, changed, frame.duration)), day)
    assert past.lost <= known_by(frame, day)[0].lost


def test_each_origin_is_judged_by_the_year_after_it(frame, model):
    origins = rolling(model, frame, 3)
    last = followed_to(DATA_TO)
    days = [months_before(last, back) for back in (18, 15, 12)]
    assert [(origin.day, origin.months) for origin in origins] == [(day, 12) for day in days]
    for origin in origins:
        assert 0.6 < origin.figures["auc_12m"] < 0.95
        assert 0.6 < origin.figures["oe"] < 1.6
        assert origin.figures["ibs"] < 0.2
    ahead = frame.take(frame.day == days[-1].toordinal())
    assert (origins[-1].accounts, origins[-1].lost) == (len(ahead), ahead.lost)
    assert rolling(model, frame, 0) == []


def test_a_shorter_history_is_followed_as_far_as_it_goes(frame, model):
    young = frame.take(frame.day > months_before(DATA_TO, 24).toordinal())
    origins = rolling(model, young, 4)
    assert [origin.months for origin in origins] == [6, 3]
    assert all("auc_12m" not in origin.figures for origin in origins)
    assert set(origins[0].figures) >= {"oe", "ici", "auc_3m", "ibs"}


def test_where_there_is_no_later_time_there_is_no_table(frame):
    assert rolling(fit(tied()), tied()) == []
    young = frame.take(frame.day > months_before(DATA_TO, 12).toordinal())
    assert rolling(fit_strata(young), young) == []


def test_a_signal_that_moved_while_the_data_grew_is_named_and_no_other(frame):
    drift = while_growing(frame, ["events_28d", "segment_label", "nobody_tells"])
    assert drift is not None
    assert (drift.signals, drift.moved) == (2, [])
    events = frame.columns["events_28d"].astype(float)
    late = frame.day > frame.day.max() - 100
    grown = replace(
        frame, columns={**frame.columns, "events_28d": np.where(late, events * 3, events)}
    )
    again = while_growing(grown, ["events_28d", "segment_label"])
    assert again is not None
    assert [shift.signal for shift in again.moved] == ["events_28d"]
    assert again.moved[0].psi > max(0.1, again.moved[0].by_chance)
    assert again.newest > again.earlier
    assert while_growing(tied(), ["seats"]) is None


def test_the_report_shows_both_and_says_where_later_time_is_harder(frame, model):
    out = held_out(frame.account)
    training, rest = frame.take(~out), frame.take(out)
    ready = evaluate.ready(model)
    evidence = gathered(training, rest, evaluate.survival_by_month(ready, rest), "others")
    events = frame.columns["events_28d"].astype(float)
    late = frame.day > frame.day.max() - 100
    grown = replace(
        frame, columns={**frame.columns, "events_28d": np.where(late, events * 3, events)}
    )
    later = rolling(model, frame, 2)
    whole = structs.replace(evidence, rolling=later, drift=while_growing(grown, ["events_28d"]))
    page = report(ready, whole, version="v", checksum="", made_at=NOON)
    for each in later:
        assert f"{each.day}, 12 months on: {each.accounts:,} accounts, {each.lost:,} lost" in page
        assert f"{each.figures['auc_12m']:.4f}" in page
    assert "1 of 1 signals lay otherwise" in page
    assert any("not on later time" in each for each in limits_of(ready, evidence))
    assert not any("not on later time" in each for each in limits_of(ready, whole))
    worse = [structs.replace(each, figures={**each.figures, "auc_12m": 0.5}) for each in later]
    limits = limits_of(ready, structs.replace(whole, rolling=worse))
    assert any("AUC at 12 months 0.500 at the worst origin" in each for each in limits)

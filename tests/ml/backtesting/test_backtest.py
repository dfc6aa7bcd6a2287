"""Rolling origin: only what was recorded before, judged by what came after, errors by account."""

from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import numpy as np
import pytest

from ml.backtesting import backtest, challenger
from ml.backtesting.backtest import Rows
from ml.backtesting.windows import at_risk, origins_before
from ml.cli.backtest import forecast
from ml.fitting.fit import fit
from ml.frames.frame import Frame
from ml.frames.landmarks import GRACE_DAYS
from ml.judging import evaluate, metrics
from ml.judging.metrics import Outcome
from ml.scoring.hazards import ChurnModel
from tests.ml.examples import DATA_TO, ORIGINS, annual, spells_at, truth, window
from tests.ml.fitting.test_strata import clock


@pytest.fixture(scope="module")
def world():
    return annual(1_200, seed=4)


def cox(frame: Frame) -> backtest.Forecaster:
    model = evaluate.ready(fit(frame))
    return lambda rows: evaluate.survival_by_month(model, rows)


@pytest.fixture(scope="module")
def judgement(world):
    fitters = {"cox": cox, "boosted": challenger.boosted, "kaplan_meier": challenger.kaplan_meier}
    return backtest.backtest(
        partial(window, world), ORIGINS, fitters, extra={"truth": truth(world)}, replicates=40
    )


def test_nothing_of_the_training_rows_reaches_past_the_origin(world):
    for origin in ORIGINS:
        training = window(world, origin).training
        assert training.data_to == origin
        ended = {s.account_id for s in world.spells if s.ended_on and s.ended_on < origin}
        assert training.lost <= len(ended)


def test_who_is_at_risk_is_what_was_known_at_the_origin(world):
    origin = ORIGINS[0]
    before = spells_at(world, origin)
    labels = at_risk(before, world.spells, origin, DATA_TO + timedelta(days=GRACE_DAYS))
    accounts = {label.landmark.account_id for label in labels}
    assert accounts == {s.account_id for s in before if s.ended_on is None} - {
        s.account_id for s in world.spells if s.ended_on and s.ended_on <= origin
    }
    ended = {s.account_id: s.ended_on for s in world.spells}
    for label in labels:
        end = ended[label.landmark.account_id]
        assert label.event == (end is not None and (end - origin).days <= 368)
        assert 1 <= label.duration <= 12


def test_the_forecast_comes_near_the_truth_and_beats_what_knows_no_signal(judgement):
    cox, flat, best = (judgement.figures[name] for name in ("cox", "kaplan_meier", "truth"))
    assert best["auc_12m"] - cox["auc_12m"] < 0.04
    assert flat["auc_12m"] + 0.1 < cox["auc_12m"]
    assert flat["ibs"] > cox["ibs"] >= best["ibs"] - 0.002
    assert abs(best["oe_12m"] - 1) < 3 * judgement.errors["truth"]["oe_12m"]
    assert judgement.figures["boosted"]["auc_12m"] > flat["auc_12m"] + 0.05
    assert cox["lift_10"] > 1.5


def test_parts_add_up_to_the_whole(judgement):
    rows = sum(part["cox"]["rows"] for part in judgement.by_origin.values())
    assert rows == len(judgement.rows)
    assert set(judgement.by_origin) == {origin.strftime("%Y%m%d") for origin in ORIGINS}
    assert judgement.by_segment["term"].keys() == {"12.0"}
    twelve = judgement.by_segment["term"]["12.0"]["cox"]
    assert twelve["auc_12m"] == pytest.approx(judgement.figures["cox"]["auc_12m"])
    assert all(part["cox"]["losses"] >= 20 for part in judgement.by_segment["renewal"].values())


def test_an_origin_whose_forecast_falls_short_of_a_year_is_left_out_and_said(world):
    first = ORIGINS[0]

    def short(frame: Frame) -> backtest.Forecaster:
        if frame.data_to == first:
            raise backtest.OutOfReach(f"{first}: too young")
        return challenger.kaplan_meier(frame)

    at = partial(window, world)
    young = backtest.backtest(at, ORIGINS, {"short": short}, replicates=2)
    assert young.left_out == [f"{first}: too young"]
    assert set(young.by_origin) == {ORIGINS[1].strftime("%Y%m%d")}
    with pytest.raises(backtest.OutOfReach, match="too young"):
        backtest.backtest(at, ORIGINS[:1], {"short": short}, replicates=2)


def test_a_model_that_never_saw_a_yearly_renewal_does_not_speak_of_a_year():
    """Monthly contracts renew, yearly ones are all within their first year."""
    rng = np.random.default_rng(3)
    frame = clock({"monthly": [(2, True, 60), (5, False, 200)], "r08": [(5, False, 90)]})
    uses = rng.normal(size=len(frame)) - frame.event
    terms = np.where(frame.stratum == "monthly", 1.0, 12.0)
    young = replace(frame, columns={"events_28d": uses, "contract_term_months": terms})
    models: list[ChurnModel] = []
    with pytest.raises(backtest.OutOfReach, match="speaks of 5 months ahead, not of twelve"):
        forecast(0, models, young)
    assert models == []
    forecast(0, models, annual(150).frame())
    assert len(models) == 1


def test_an_account_seen_twice_counts_once_in_the_error():
    rng = np.random.default_rng(3)
    chance = rng.uniform(0.05, 0.6, 500)
    left = rng.random(500) < chance
    survival = np.column_stack([np.ones(500), *([1 - chance] * 12)])
    once = Rows(
        account=np.arange(500).astype(np.str_),
        origin=np.zeros(500, dtype=np.int64),
        duration=np.where(left, 6, 12),
        event=left,
        stratum=np.full(500, "all"),
        segments={},
        survival={"m": survival},
    )
    twice = backtest.joined([once, once])
    single, _ = backtest.standard_errors(once, 200, 0)
    double, _ = backtest.standard_errors(twice, 200, 0)
    assert double["m"]["auc_12m"] == pytest.approx(single["m"]["auc_12m"], rel=0.01)
    p, y = chance, left
    brier_error = np.std((y - p) ** 2, ddof=1) / np.sqrt(500)
    assert single["m"]["brier_12m"] == pytest.approx(brier_error, rel=0.2)


def test_a_model_is_as_good_as_itself(judgement):
    rows = judgement.rows
    same = Rows(
        rows.account, rows.origin, rows.duration, rows.event, rows.stratum, rows.segments,
        {"one": rows.survival["cox"], "other": rows.survival["cox"]},
    )  # fmt: skip
    difference = backtest.judge(same, replicates=10).differences["other"]
    assert set(difference.values()) == {0.0}


def test_origins_leave_history_before_and_a_whole_year_after():
    now = date(2026, 7, 1)
    days = origins_before(now, first=date(2024, 1, 10), count=9)
    assert days == sorted(days)
    assert all((now - timedelta(days=GRACE_DAYS) - day).days >= 368 for day in days)
    assert all((day - date(2024, 1, 10)).days > 180 for day in days)
    assert origins_before(now, first=date(2025, 9, 1), count=3) == []


def test_lift_of_a_perfect_order_is_all_there_can_be():
    lost = np.arange(100) < 5
    outcome = Outcome(np.where(lost, 3, 12), lost, closed=True)
    assert metrics.lift(outcome, lost.astype(float), 12, 0.05) == pytest.approx(20)
    assert metrics.lift(outcome, (~lost).astype(float), 12, 0.05) == 0

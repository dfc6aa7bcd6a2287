"""A model fed what is known only afterwards is caught; honest ones are left alone."""

from functools import partial

import pytest

from ml.backtesting import backtest, challenger
from ml.backtesting.leakage import alarms, telling
from ml.fitting.fit import fit
from ml.frames.frame import Frame
from ml.judging import evaluate
from tests.ml.examples import ORIGINS, Rows, annual, cancelled, four_months_late, honest, window


def cox(frame: Frame) -> backtest.Forecaster:
    model = evaluate.ready(fit(frame))
    return lambda rows: evaluate.survival_by_month(model, rows)


def world_of(past: Rows, ahead: Rows) -> backtest.Backtest:
    world = annual(1_500, seed=6)
    fitters = {"cox": cox, "kaplan_meier": challenger.kaplan_meier}
    frames = partial(window, world, past=past, ahead=ahead)
    return backtest.backtest(frames, ORIGINS, fitters, replicates=40)


def test_honest_models_raise_no_alarm():
    assert alarms(world_of(honest, honest)) == []


def test_signals_of_four_months_later_are_caught():
    raised = alarms(world_of(four_months_late, honest))
    assert {alarm.model for alarm in raised} == {"cox"}
    assert {alarm.figure for alarm in raised} >= {"within_3m"}
    assert "known only afterwards" in raised[0].message


def test_a_flag_of_cancellation_on_old_rows_is_caught():
    def not_yet(world, labels):
        answers = honest(world, labels)
        for row in answers["accounts"]:
            row["cancelled"] = False
        return answers

    raised = alarms(world_of(cancelled, not_yet))
    assert {(alarm.model, alarm.figure) for alarm in raised} >= {("cox", "within_12m")}


def test_a_leak_into_the_later_rows_as_well_is_too_good_to_be_true():
    world = annual(1_500, seed=6)
    frame = window(world, ORIGINS[-1], past=_reason_of_leaving, ahead=_reason_of_leaving).training
    assert [signal.name for signal in telling(frame)] == ["reason"]
    raised = alarms(world_of(_reason_of_leaving, _reason_of_leaving))
    assert any("restates the outcome" in alarm.message for alarm in raised)


@pytest.mark.parametrize("rows", [honest, four_months_late])
def test_signals_that_do_not_tell_all_alone_are_not_named(rows):
    assert telling(window(annual(600, seed=2), ORIGINS[-1], past=rows).training) == []


def _reason_of_leaving(world, labels):
    """Filled in for those who go within the year, and known of nobody else."""
    answers = honest(world, labels)
    for label, row in zip(labels, answers["accounts"], strict=True):
        ended = world.spells[label.landmark.account_id.int].ended_on
        is_lost = ended is not None and (ended - label.landmark.as_of.date()).days <= 368
        row["reason"] = "price" if is_lost else None
    return answers

"""Use of after the landmark: what it puts into a frame, and that it is caught."""

from functools import partial

import numpy as np

from ml.backtesting import backtest
from ml.fitting.fit import fit
from ml.frames.frame import Frame
from ml.judging import evaluate
from ml.trial.leaky import HONEST, leaked, watched
from tests.ml.examples import ORIGINS, annual, honest, window


def cox(frame: Frame) -> backtest.Forecaster:
    model = evaluate.ready(fit(frame))
    return lambda rows: evaluate.survival_by_month(model, rows)


def test_rows_are_told_the_use_of_two_landmarks_later_and_none_where_the_account_is_gone():
    frame = annual(400, seed=4).frame()
    late = leaked(frame)
    days = np.unique(frame.day).tolist()
    use = {
        (account, day): value
        for account, day, value in zip(
            frame.account.tolist(),
            frame.day.tolist(),
            frame.columns["events_28d"].tolist(),
            strict=True,
        )
    }
    counts = {"moved": 0, "gone": 0, "kept": 0}
    for row, value in enumerate(late.columns["events_28d"].tolist()):
        account, day = int(frame.account[row]), int(frame.day[row])
        place = days.index(day) + 2
        later = use.get((account, days[place])) if place < len(days) else None
        if later is not None:
            assert value == later
            counts["moved"] += 1
        elif frame.event[row] and frame.duration[row] <= 2:
            assert value == 0.0
            assert np.isnan(late.columns["active_members_28d"][row]) or not value
            counts["gone"] += 1
        else:
            assert value == use[account, day]
            counts["kept"] += 1
    assert min(counts.values()) > 20
    for name in ("contract_term_months", "days_to_renewal", "segment_label"):
        assert late.columns[name].tolist() == frame.columns[name].tolist()
    assert np.array_equal(late.duration, frame.duration)


def test_the_alarm_rings_for_use_of_two_months_later_and_not_for_the_honest_forecast():
    world = annual(1_500, seed=6)
    frames = partial(window, world, past=honest, ahead=honest)
    judgement = backtest.backtest(frames, ORIGINS, {HONEST: cox}, replicates=40)
    watch = watched(frames(ORIGINS[-1]), cox, judgement, replicates=40, seed=0)
    assert watch.rang
    assert not watch.cried_wolf
    fed, plain = watch.gaps
    assert fed > 0.1 > plain
